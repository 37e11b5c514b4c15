import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import type { TestContext } from "node:test";
import { mustRun, runProgram } from "./virtform.ts";

const schema = "/usr/share/openvswitch/vswitch.ovsschema";
/** Where libvirt looks for the database of the switch. */
const runDirectory = "/run/openvswitch";

/**
 * An Open vSwitch bridge until the end of the test. It forwards in its own process (datapath netdev), for which the kernel needs no module. Where no switch runs
 * on the machine, one is started for the test.
 */
export async function openVswitchBridge(t: TestContext, name: string): Promise<void> {
  if ((await runProgram("ovs-vsctl", ["--timeout=5", "show"])).code !== 0) await startSwitch(t);
  t.after(() => runProgram("ovs-vsctl", ["--timeout=5", "--if-exists", "del-br", name]));
  await mustRun("ovs-vsctl", ["--timeout=10", "add-br", name, "--", "set", "bridge", name, "datapath_type=netdev"]);
  await mustRun("ip", ["link", "set", name, "up"]);
}

/** A port of the host on a bridge, in one VLAN or without a tag, with an address: `10.0.101.1/24`. It goes with the bridge. */
export async function openVswitchPort(
  bridge: string,
  name: string,
  { tag, address }: { readonly tag?: number; readonly address: string },
): Promise<void> {
  const port = ["add-port", bridge, name, ...(tag === undefined ? [] : [`tag=${tag}`]), "--", "set", "interface", name, "type=internal"];
  await mustRun("ovs-vsctl", ["--timeout=10", ...port]);
  await mustRun("ip", ["address", "add", address, "dev", name]);
  await mustRun("ip", ["link", "set", name, "up"]);
}

async function startSwitch(t: TestContext): Promise<void> {
  await mkdir(runDirectory, { recursive: true });
  const directory = await mkdtemp("/tmp/virtform-ovs-");
  t.after(async () => {
    for (const program of ["ovs-vswitchd", "ovsdb-server"]) {
      const pid = Number((await readFile(`${directory}/${program}.pid`, "utf8").catch(() => "")).trim());
      if (pid > 1) await runProgram("kill", [String(pid)]);
    }
    await rm(directory, { recursive: true, force: true });
  });
  const files = (program: string) => [`--pidfile=${directory}/${program}.pid`, `--log-file=${directory}/${program}.log`, "--detach"];
  await mustRun("ovsdb-tool", ["create", `${directory}/conf.db`, schema]);
  await mustRun("ovsdb-server", [`${directory}/conf.db`, `--remote=punix:${runDirectory}/db.sock`, ...files("ovsdb-server")]);
  await mustRun("ovs-vsctl", ["--timeout=10", "--no-wait", "init"]);
  await mustRun("ovs-vswitchd", [`unix:${runDirectory}/db.sock`, ...files("ovs-vswitchd")]);
}
