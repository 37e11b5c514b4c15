import { copyFileSync, writeFileSync } from "node:fs";
import type { Backend } from "./backends.ts";
import { measure, runOnce } from "./measure.ts";
import { type Row, ratio } from "./row.ts";
import { createWorkspace, filledImage } from "./workspace.ts";

/** The machine that the disks are made on. */
export interface Machine {
  /** libvirt's URI of it, from here. */
  readonly uri: string;
  /** The words before a shell line that is run there: a shell's, or those of one ssh session. */
  readonly shell: readonly [string, ...string[]];
  /** Makes a file there a copy of one here. */
  put(from: string, to: string): void;
  /** For the table. */
  readonly remark?: string;
}

const here: Machine = {
  uri: "qemu:///system",
  shell: ["sh", "-c"],
  put: (from, to) => {
    if (from !== to) copyFileSync(from, to);
  },
};

/**
 * Disks, config drives and definitions of stopped instances whose image is cached, against a shell that does the same with the same
 * programs, genisoimage and virsh, two at a time.
 */
export function benchDisks(backend: Backend, options: { count: number; rounds: number; on?: Machine }): Row[] {
  const { count, rounds, on = here } = options;
  using workspace = createWorkspace(on.uri);
  const { project, directory } = workspace;
  const image = filledImage(`${directory}/image.qcow2`);
  const [program, ...words] = on.shell;
  const there = (line: string, accept: readonly number[] | "any" = []) => runOnce(program, [...words, line], { accept });
  const shell = `${directory}/shell`;
  const base = `${directory}/base.raw`;
  const script = `${directory}/one.sh`;
  runOnce("qemu-img", ["convert", "-O", "raw", image, base]);
  writeFileSync(script, oneInstance(shell, base, project, backend));
  for (const file of [base, script]) on.put(file, file);
  const configure = (instances: number) => workspace.configure({ count: instances, image, disk: "64MiB", host: backend.host });
  configure(0);
  workspace.apply();
  const names = Array.from({ length: count }, (_, index) => `${project}-shell-${index}`);
  const undoShell = () => {
    const undefine = names.map((name) => `undefine ${name}`).join(";");
    there(`virsh -q -c qemu:///system '${undefine}'\n${backend.remove?.(names) ?? ""}\nrm -rf ${shell}`, "any");
  };
  try {
    const [ours, theirs] = measure(
      rounds,
      {
        before() {
          configure(0);
          workspace.apply();
          configure(count);
        },
        run: () => workspace.run("apply", "--auto-approve"),
      },
      {
        before() {
          undoShell();
          there(`mkdir -p ${shell}`);
        },
        run: () => there(`seq 0 ${count - 1} | xargs -P2 -n1 sh ${script}`),
      },
    );
    const what = `${count} stopped instances, ${backend.name}${on.remark === undefined ? "" : `, ${on.remark}`}`;
    return [ratio({ what, ours, baseline: `${backend.programs}, genisoimage, virsh in a shell, two at a time`, theirs }, backend.aim)];
  } finally {
    undoShell();
  }
}

function oneInstance(shell: string, base: string, project: string, backend: Backend): string {
  const file =
    '<disk type="file" device="cdrom"><driver name="qemu" type="raw"/><source file="$dir/disk.config"/><target dev="sda" bus="sata"/></disk>';
  const { make = ":", xml = file } = backend.drive ?? {};
  return `set -e
name=${project}-shell-$1
dir=${shell}/$1
base=${base}
mkdir -p $dir/seed/openstack/latest
${backend.make}
echo "{\\"uuid\\": \\"$1\\", \\"hostname\\": \\"$name\\"}" > $dir/seed/openstack/latest/meta_data.json
echo "{}" > $dir/seed/openstack/latest/network_data.json
genisoimage -quiet -J -r -V config-2 -o $dir/disk.config $dir/seed
${make}
cat > $dir/domain.xml <<XML
<domain type="qemu"><name>$name</name><memory unit="KiB">65536</memory><vcpu>1</vcpu>
<os><type machine="q35">hvm</type></os>
<devices>
${backend.xml}
${xml}
<interface type="user"/><serial type="pty"/><graphics type="vnc" autoport="yes"/>
</devices></domain>
XML
virsh -q -c qemu:///system define $dir/domain.xml >/dev/null
`;
}
