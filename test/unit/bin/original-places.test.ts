import assert from "node:assert/strict";
import { test } from "node:test";
import { originalPlaces } from "../../../bin/lib/original-places.ts";

/** Two scripts of one file: the second begins on line 3. `AAAA` maps the first column to the first place of the source. */
const map = {
  version: 3,
  file: "program.cjs",
  sourceRoot: "",
  sources: [],
  sourcesContent: [],
  names: [],
  mappings: "",
  sections: [
    { offset: { line: 0, column: 10 }, map: section("../src/cli.ts", "AAAA,UAIE") },
    { offset: { line: 2, column: 10 }, map: section("../../node_modules/yaml/index.js", "AAAA") },
  ],
};

function section(source: string, mappings: string) {
  return { version: 3, file: "", sourceRoot: "", sources: [source], sourcesContent: [], names: [], mappings };
}

test("places of the built program are shown as places of the sources", () => {
  const stack = [
    "TypeError: a bug",
    "    at Qx (/usr/lib/virtform/dist/program.cjs:1:21)",
    "    at async file:///usr/lib/virtform/dist/program.cjs:1:11",
    "    at parse (/usr/lib/virtform/dist/program.cjs:3:11)",
    "    at Qx (/home/a user/dist/program.cjs:1:21)",
    "    at async /home/a user/dist/program.cjs:1:11",
  ];
  assert.deepEqual(originalPlaces(stack.join("\n"), map).split("\n"), [
    "TypeError: a bug",
    "    at Qx (src/cli.ts:5:3)",
    "    at async src/cli.ts:1:1",
    "    at parse (node_modules/yaml/index.js:1:1)",
    "    at Qx (src/cli.ts:5:3)",
    "    at async src/cli.ts:1:1",
  ]);
});

test("other places, and those that the map does not have, stay as they are", () => {
  const stack =
    "Error: a bug\n    at write (node:fs:900:3)\n    at a (/srv/hook.js:1:11)\n    at b (/usr/lib/virtform/dist/program.cjs:1:2)";
  assert.equal(originalPlaces(stack, map), stack);
});
