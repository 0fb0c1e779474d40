# Which crates end up in the program: those reached over normal edges, without procedural macros and what only they need.
def graph:
  (.packages | map({key: .id, value: .}) | from_entries) as $packages
  | (.resolve.nodes | map({key: .id, value: .deps}) | from_entries) as $deps
  | def macro: any($packages[.].targets[]; .kind[] == "proc-macro");
    def reach(next): {done: [], todo: [.]}
      | until(.todo == []; .todo[0] as $id | .done += [$id] | .todo = (.todo[1:] + [$id | next] | unique) - .done)
      | .done | sort;
    def normal: $deps[.][] | select(any(.dep_kinds[]; .kind == null)) | .pkg;
    def built: $deps[.][] | select(any(.dep_kinds[]; .kind != "dev")) | .pkg;
    {
      packages: $packages,
      root: .resolve.root,
      linked: (.resolve.root | reach(normal | select(macro | not))),
      all: (.resolve.root | reach(built)),
      edges: ($deps | map_values([.[] | select(any(.dep_kinds[]; .kind != "dev")) | .pkg]))
    };
