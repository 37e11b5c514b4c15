import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import type { Backend } from "./backends.ts";
import { compare, type Row, runOnce } from "./measure.ts";
import { createWorkspace, filledImage } from "./workspace.ts";

const count = 50;

/**
 * Disks, config drives and definitions of 50 instances whose image is in the cache already, against a shell that does the
 * same with the same programs, genisoimage and virsh, two at a time.
 */
export function benchDisks(backend: Backend, rounds: number): Row {
  using workspace = createWorkspace();
  const { project, directory } = workspace;
  const image = filledImage(`${directory}/image.qcow2`);
  const shell = `${directory}/shell`;
  const base = `${directory}/base.raw`;
  runOnce("qemu-img", ["convert", "-O", "raw", image, base]);
  const configure = (instances: number) => workspace.configure({ count: instances, image, disk: "64MiB", host: backend.host });
  configure(0);
  workspace.run("apply", "--auto-approve");
  const names = Array.from({ length: count }, (_, index) => `${project}-shell-${index}`);
  const undoShell = () => {
    runOnce("virsh", ["-q", "-c", "qemu:///system", names.map((name) => `undefine ${name}`).join(";")], { accept: [1] });
    for (const name of names) for (const words of backend.remove?.(name) ?? []) runOnce(words[0] ?? "", words.slice(1), { accept: "any" });
    rmSync(shell, { recursive: true, force: true });
  };
  writeFileSync(`${directory}/one.sh`, oneInstance(shell, base, project, backend));
  try {
    return compare(
      `disks and definitions of ${count} instances, ${backend.name}`,
      `${backend.programs}, genisoimage, virsh in a shell, two at a time`,
      1.2,
      rounds,
      () => workspace.run("apply", "--auto-approve"),
      () => runOnce("sh", ["-c", `seq 0 ${count - 1} | xargs -P2 -n1 sh ${directory}/one.sh`]),
      {
        ours() {
          configure(0);
          workspace.run("apply", "--auto-approve", "--allow-destroy", "--parallelism", "16");
          configure(count);
        },
        theirs() {
          undoShell();
          mkdirSync(shell, { recursive: true });
        },
      },
    );
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
