import { writeFileSync } from "node:fs";
import { speakingDisk } from "../test/support/speaking-disk.ts";
import { measure, runOnce, type Sample } from "./measure.ts";
import { type Row, ratio } from "./row.ts";
import { createWorkspace } from "./workspace.ts";

const atOnce = 10;

/**
 * Guests that are created and started, and guests that are destroyed while they run, against a shell that does ten at a time. The
 * guests halt in their boot sector, so that they take no processor time of their own.
 */
export function benchRunning(count: number): Row[] {
  using workspace = createWorkspace();
  const { directory, project } = workspace;
  const image = `${directory}/halts.raw`;
  writeFileSync(image, speakingDisk("started"));
  const configure = (instances: number) => workspace.configure({ count: instances, image, format: "raw", disk: "64MiB", power: "running" });
  configure(0);
  workspace.apply();
  const shell = `${directory}/shell`;
  writeFileSync(`${directory}/one.sh`, oneGuest(shell, image, project));
  const each = (line: string): Sample => runOnce("sh", ["-c", `seq 0 ${count - 1} | xargs -P${atOnce} -I@ sh -c '${line}'`]);
  const create = () => each(`sh ${directory}/one.sh @`);
  const destroy = () => {
    const virsh = "virsh -q -c qemu:///system";
    return each(`${virsh} "destroy ${project}-shell-@; undefine ${project}-shell-@" >/dev/null && rm -r ${shell}/@`);
  };
  const parallel = ["--parallelism", String(atOnce)];
  const [made, madeThere, gone, goneThere] = measure(
    3,
    { before: () => configure(count), run: () => workspace.run("apply", "--auto-approve", ...parallel) },
    { run: create },
    { run: () => workspace.run("destroy", "--auto-approve", "--allow-destroy", ...parallel) },
    { run: destroy },
  );
  const baseline = `a shell with qemu-img, genisoimage and virsh, ${atOnce} at a time`;
  return [
    ratio({ what: `${count} guests created and started`, ours: made, baseline, theirs: madeThere }, 1.1),
    ratio(
      { what: `${count} running guests destroyed`, ours: gone, baseline: `a shell with virsh, ${atOnce} at a time`, theirs: goneThere },
      1.1,
    ),
  ];
}

function oneGuest(shell: string, image: string, project: string): string {
  return `set -e
name=${project}-shell-$1
dir=${shell}/$1
mkdir -p $dir/seed/openstack/latest
qemu-img create -q -f qcow2 -o backing_file=${image},backing_fmt=raw $dir/disk 64M
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
virsh -q -c qemu:///system "define $dir/domain.xml; start $name" >/dev/null
`;
}
