# `cargo metadata --filter-platform T` in, a CycloneDX 1.5 bill of materials out. Crates that only take part in the
# build (macros, build scripts) have the scope "excluded".
include "graph";
def purl: "pkg:cargo/\(.name)@\(.version)";
graph as $graph | $graph.packages as $packages
| def ref: $packages[.] | purl;
  {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      timestamp: $time,
      component: ($packages[$graph.root] | {
        type: "application", "bom-ref": purl, name, version, description, purl: purl,
        licenses: [{expression: .license}], hashes: [{alg: "SHA-256", content: $sha256}]
      }),
      properties: [{name: "rust:target", value: $target}, {name: "rust:compiler", value: $rustc}]
    },
    components: [
      $graph.all[] | select(. != $graph.root) as $id | $packages[$id] | {
        type: "library", "bom-ref": purl, name, version, purl: purl,
        scope: (if any($graph.linked[]; . == $id) then "required" else "excluded" end)
      }
      + (if .license then {licenses: [{expression: (.license | gsub("/"; " OR "))}]} else {} end)
      + ($checksums["\(.name) \(.version)"] as $sum | if $sum then {hashes: [{alg: "SHA-256", content: $sum}]} else {} end)
    ],
    dependencies: [$graph.all[] | {ref: ref, dependsOn: [$graph.edges[.][] | ref] | unique}]
  }
