import assert from "node:assert/strict";
import { test } from "node:test";
import { actionGraph } from "../../../src/report/action-graph.ts";
import { action, change, planOf } from "./support.ts";

const disk = action("disk/web.root", "create", { summary: 'create "root"' });
const old = action("disk/old.root", "remove", { destroys: "5GiB disk", makes: [] });
const define = action("domain/web", "define", { needs: [...disk.makes] });
const plan = planOf([
  change("disk/web.root", "create", { actions: [disk] }),
  change("domain/web", "create", { actions: [define] }),
  change("disk/old.root", "delete", { actions: [old] }),
]);

test("a plan as a graph for Graphviz", () => {
  const text = actionGraph(plan, "dot");
  assert.match(text, /^digraph plan \{\n/);
  assert.match(text, /a0 \[label="disk\/web\.root\\ncreate \\"root\\""\];/);
  assert.match(text, /a\d \[label="disk\/old\.root\\nremove", color=red\];/);
  assert.equal(text.match(/->/g)?.length, 1);
});

test("a plan as a graph for Mermaid", () => {
  const text = actionGraph(plan, "mermaid");
  assert.match(text, /^flowchart LR\n {2}a0\["disk\/web\.root<br>create #34;root#34;"\]\n/);
  assert.match(text, / {2}a0 --> a\d\n/);
  assert.match(text, / {2}class a\d lost\n$/);
});
