import { createSshHost } from "../../../src/host/ssh/ssh.ts";
import { parseSshTarget } from "../../../src/host/ssh/target.ts";

/** Holds a lock and runs programs on the host of the first argument, over a connection that is kept, until it is killed. The second is a directory there. */
const [uri = "", directory = ""] = process.argv.slice(2);
const target = parseSshTarget(uri);
if (target === undefined) throw new Error(`no host over ssh: ${uri}`);
const host = createSshHost(target, { keep: { seconds: 60, onUse: () => undefined } });
const started = (name: string, program: string) => ["-c", `echo $$ >${directory}/${name}; exec ${program}`];
await host.lock({ path: `${directory}/held`, purpose: "a test", timeoutMs: 5000 }, async () => {
  host.open({ program: "sh", args: started("talked-to", "cat") });
  const run = host.run({ program: "sh", args: started("run", "sleep 600"), timeoutMs: 600_000 });
  console.log("holding");
  await run;
});
