# `cargo metadata --filter-platform T` in, one line per linked crate out: "name version<TAB>licence<TAB>folder".
include "graph";
graph | .linked[] as $id | .packages[$id] | select(.name != $root)
| [.name + " " + .version, (.license // "see its licence file"), (.manifest_path | sub("/Cargo.toml$"; ""))] | @tsv
