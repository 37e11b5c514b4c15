import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { measure, runOnce } from "./measure.ts";
import { memory, type Row, ratio } from "./row.ts";
import { createWorkspace, virtform } from "./workspace.ts";

const yaml = fileURLToPath(import.meta.resolve("yaml"));

/** `virtform validate` of instances that are an entry each, against the YAML package parsing the same file into plain data. */
export function benchValidate(count: number): Row[] {
  using workspace = createWorkspace();
  workspace.configure({ count: 0, image: "/nowhere.qcow2" });
  const head = readFileSync(workspace.config, "utf8").replace(/^instances: .*\n/m, "");
  const entry = (_: unknown, index: number) =>
    `  web-x${index}:
    image: base
    flavor: tiny
    power_state: stopped
    user_data: |
      #cloud-config
      hostname: web${index}
    metadata: { role: web, number: "${index}" }
    networks: [ { user: true } ]
`;
  const file = `${workspace.directory}/many.yaml`;
  writeFileSync(file, `${head}instances:\n${Array.from({ length: count }, entry).join("")}`);
  const parse = `import(${JSON.stringify(yaml)}).then(({ parse }) => parse(require("node:fs").readFileSync(${JSON.stringify(file)}, "utf8")))`;
  const [ours, theirs] = measure(
    5,
    { run: () => runOnce(process.execPath, [virtform, "validate", file]) },
    { run: () => runOnce(process.execPath, ["-e", parse]) },
  );
  const what = `validate of ${count} instances, an entry each`;
  return [ratio({ what, ours, baseline: "the yaml package parsing the same file", theirs }, 1.5), memory(`${what}, memory`, ours, 200)];
}
