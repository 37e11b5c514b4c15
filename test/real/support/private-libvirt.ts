import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type Result, runProgram } from "./virtform.ts";

/** A libvirt of the test's own, with its own files, sockets, network and processes: the one of the machine is not touched. */
export interface PrivateLibvirt {
  /** Runs a program where `qemu:///system` is this libvirt. */
  run(words: readonly string[]): Promise<Result>;
}

/** How a libvirt of a test's own is set up. */
export interface PrivateLibvirtOptions {
  /** Lines of libvirtd.conf. */
  readonly config?: readonly string[];
  /** Runs the system's message bus and polkit, with the rules of the distribution. */
  readonly polkit?: boolean;
  /**
   * One socket for each driver, as the daemons virtqemud, virtsecretd and virtnetworkd have them. Where the distribution has no such
   * daemons, libvirtd answers on these sockets; it has none of its own name then.
   */
  readonly split?: boolean;
  /**
   * `lxc:///system` is this libvirt as well, with the network filters that libvirt brings along: libvirt takes cgroups for those of version 2 while both
   * versions are mounted.
   */
  readonly containers?: boolean;
}

const drivers = ["qemu", "secret", "network", "nwfilter", "storage"] as const;
const bus = `<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="*"/><allow receive_type="*"/><allow send_destination="*"/></policy></busconfig>`;

/** Starts one below a directory, in namespaces that end with it. */
export async function startPrivateLibvirt(
  t: { after(done: () => unknown): void },
  directory: string,
  { config = [], polkit = false, split = false, containers = false }: PrivateLibvirtOptions = {},
): Promise<PrivateLibvirt> {
  const etc = `${directory}/etc-libvirt`;
  await mkdir(`${etc}/qemu/networks`, { recursive: true });
  if (containers) await cp("/etc/libvirt/nwfilter", `${etc}/nwfilter`, { recursive: true });
  await writeFile(`${etc}/qemu.conf`, 'stdio_handler = "file"\n');
  for (const daemon of ["libvirtd", ...drivers.map((driver) => `virt${driver}d`)])
    await writeFile(`${etc}/${daemon}.conf`, config.map((line) => `${line}\n`).join(""));
  await writeFile(`${directory}/bus.conf`, bus);
  const real = split && existsSync("/usr/sbin/virtqemud");
  const steps = [
    "set -e",
    ...["run/libvirt", "var/lib/libvirt", "var/cache/libvirt", "var/log/libvirt", "run/dbus"].map(
      (path) => `mkdir -p /${path}; mount -t tmpfs -o mode=755 tmpfs /${path}`,
    ),
    `mount --bind ${etc} /etc/libvirt`,
    "ip link set lo up",
    ...(containers ? ["if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi"] : []),
    ...(polkit
      ? [
          `dbus-daemon --config-file=${directory}/bus.conf --nofork --nopidfile &`,
          "for try in $(seq 100); do [ -S /run/dbus/system_bus_socket ] && break; sleep 0.1; done",
          "/usr/lib/polkit-1/polkitd --no-debug &",
        ]
      : []),
    ...(real
      ? drivers.map((driver) => `virt${driver}d --pid-file ${directory}/virt${driver}d.pid &`)
      : [`libvirtd --pid-file ${directory}/libvirtd.pid &`]),
    ...(split && !real
      ? [
          "for try in $(seq 300); do [ -S /run/libvirt/libvirt-sock ] && break; sleep 0.1; done",
          "mkdir /run/libvirt/whole; mv /run/libvirt/libvirt-sock /run/libvirt/whole/",
          ...drivers.map((driver) => `ln -s whole/libvirt-sock /run/libvirt/virt${driver}d-sock`),
        ]
      : []),
    "wait",
  ];
  const namespaces = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const child = spawn("unshare", [...namespaces, "sh", "-c", steps.join("\n")], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log = `${log}${text}`.slice(-20_000);
  });
  const ended = once(child, "exit");
  t.after(async () => {
    // The first process of the namespace ends with it, and with that all others, guests included.
    child.kill("SIGKILL");
    await ended;
  });
  const inside = async () => {
    for (let tries = 0; tries < 100; tries += 1) {
      const [first] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ");
      if (first !== undefined && first !== "") return first;
      await sleep(50);
    }
    throw new Error(`no namespace was made:\n${log}`);
  };
  const target = ["--target", await inside(), "--mount", "--net", "--pid"];
  const run = (words: readonly string[]) => runProgram("nsenter", [...target, ...words], 300_000);
  const uri = split ? "qemu:///system?socket=/run/libvirt/virtqemud-sock" : containers ? "lxc:///system" : "qemu:///system";
  for (let tries = 0; ; tries += 1) {
    if ((await run(["virsh", "-q", "-c", uri, "version"])).code === 0) return { run };
    if (tries === 60 || child.exitCode !== null) throw new Error(`the private libvirt does not answer:\n${log}`);
    await sleep(500);
  }
}
