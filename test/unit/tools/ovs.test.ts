import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandError } from "../../../src/model/errors.ts";
import type { Command, CommandResult, Host } from "../../../src/model/host.ts";
import { ovsBridgeOf } from "../../../src/tools/ovs.ts";

const ask = (run: (command: Command) => Promise<CommandResult>) =>
  ovsBridgeOf({ host: { run } as unknown as Host, signal: new AbortController().signal }, "vnet3");
const failed = (reason: CommandError["reason"]) =>
  new CommandError({ commandLine: "ovs-vsctl", exitCode: 1, stderr: "", reason, detail: "", summary: "ovs-vsctl: no port named vnet3" });

test("Open vSwitch is asked which bridge has a device as a port", async () => {
  const commands: Command[] = [];
  const answer = async (command: Command) => {
    commands.push(command);
    return { exitCode: 0, stdout: "br-int\n", stderr: "" };
  };
  assert.equal(await ask(answer), "br-int");
  assert.deepEqual(
    commands.map(({ program, args }) => [program, ...args]),
    [["ovs-vsctl", "--timeout=5", "port-to-br", "vnet3"]],
  );
});

test("a device that it does not know, or a host without it, gives no bridge; the end of an apply is not taken for that", async () => {
  for (const reason of ["exit", "missing", "timeout"] as const) assert.equal(await ask(() => Promise.reject(failed(reason))), null);
  await assert.rejects(
    ask(() => Promise.reject(failed("aborted"))),
    CommandError,
  );
});
