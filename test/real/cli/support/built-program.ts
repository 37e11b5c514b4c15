import { loadProgram } from "../../../../bin/lib/run-program.ts";
import { checkout } from "../../support/program.ts";

type Launch = typeof import("../../../../bin/lib/launch.ts");
type Program = typeof import("../../../../src/cli.ts");

let loaded: Promise<Program> | undefined;

/** What bin/virtform.js runs, loaded into this process once. It is a third of the CPU time of loading the sources. */
export function builtProgram(): Promise<Program> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Program> {
  const { program }: Launch = await import(`${checkout}dist/cli.js`);
  return loadProgram(program(), `${checkout}.cache/compiled/virtform`, "tests") as Program;
}
