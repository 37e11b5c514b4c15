import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { compare, type Row, runOnce } from "./measure.ts";
import { createWorkspace, smallImage } from "./workspace.ts";

const count = 50;

/**
 * Disks, config drives and definitions of 50 instances whose image is in the cache already, against a shell that does the
 * same with qemu-img, genisoimage and virsh, two at a time.
 */
export function benchDisks(): Row {
  using workspace = createWorkspace();
  const image = smallImage(`${workspace.directory}/small.qcow2`);
  const shell = `${workspace.directory}/shell`;
  const raw = `${workspace.directory}/base.raw`;
  runOnce("qemu-img", ["convert", "-O", "raw", image, raw]);
  workspace.configure({ count: 0, image });
  workspace.run("apply", "--auto-approve");
  const undefineAll = () => {
    const commands = Array.from({ length: count }, (_, index) => `undefine ${workspace.project}-shell-${index}`).join(";");
    runOnce("virsh", ["-q", "-c", "qemu:///system", commands], { accept: [1] });
    rmSync(shell, { recursive: true, force: true });
  };
  writeFileSync(`${workspace.directory}/one.sh`, oneInstance(shell, raw, workspace.project));
  const row = compare(
    `disks and definitions of ${count} instances`,
    "qemu-img, genisoimage, virsh in a shell, two at a time",
    1.2,
    5,
    () => workspace.run("apply", "--auto-approve"),
    () => runOnce("sh", ["-c", `seq 0 ${count - 1} | xargs -P2 -n1 sh ${workspace.directory}/one.sh`]),
    {
      ours() {
        workspace.configure({ count: 0, image });
        workspace.run("apply", "--auto-approve", "--allow-destroy", "--parallelism", "16");
        workspace.configure({ count, image });
      },
      theirs() {
        undefineAll();
        mkdirSync(shell, { recursive: true });
      },
    },
  );
  undefineAll();
  return row;
}

function oneInstance(shell: string, base: string, project: string): string {
  return `set -e
name=${project}-shell-$1
dir=${shell}/$1
mkdir -p $dir/seed/openstack/latest
qemu-img create -q -f qcow2 -o backing_file=${base},backing_fmt=raw $dir/disk 4G
echo "{\\"uuid\\": \\"$1\\", \\"hostname\\": \\"$name\\"}" > $dir/seed/openstack/latest/meta_data.json
echo "{}" > $dir/seed/openstack/latest/network_data.json
genisoimage -quiet -J -r -V config-2 -o $dir/disk.config $dir/seed
cat > $dir/domain.xml <<XML
<domain type="qemu"><name>$name</name><memory unit="KiB">65536</memory><vcpu>1</vcpu>
<os><type machine="q35">hvm</type></os>
<devices>
<disk type="file" device="disk"><driver name="qemu" type="qcow2"/><source file="$dir/disk"/><target dev="vda" bus="virtio"/></disk>
<disk type="file" device="cdrom"><driver name="qemu" type="raw"/><source file="$dir/disk.config"/><target dev="sda" bus="sata"/></disk>
<interface type="user"/><serial type="pty"/><graphics type="vnc" autoport="yes"/>
</devices></domain>
XML
virsh -q -c qemu:///system define $dir/domain.xml >/dev/null
`;
}
