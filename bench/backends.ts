import type { Ceph } from "../test/support/ceph.ts";

/** How one storage driver is configured, and what a shell script does to make the same disk. */
export interface Backend {
  readonly name: string;
  /** Programs that make the disk, for the table. */
  readonly programs: string;
  /** The ratio to the shell that should not be exceeded. */
  readonly aim: number;
  /** Lines for the `host` section. */
  readonly host: string;
  /** Shell: makes a disk of 64 MiB for instance `$name` in `$dir` from the raw image `$base`. */
  readonly make: string;
  /** The disk in the definition of the shell's guest. */
  readonly xml: string;
  /** Shell that puts the config drive `$dir/disk.config` where the disks are, and its source in the definition; else it stays a file. */
  readonly drive?: { readonly make: string; readonly xml: string };
  /** Shell: removes the disks of these names where they are not files below `$dir`; it may fail. */
  readonly remove?: (names: readonly string[]) => string;
}

const fileXml = (format: string, path: string) =>
  `<disk type="file" device="disk"><driver name="qemu" type="${format}"/><source file="${path}"/><target dev="vda" bus="virtio"/></disk>`;

/** Drivers that need only a directory. */
export const fileBackends: readonly Backend[] = [
  {
    name: "qcow2",
    programs: "qemu-img create",
    aim: 0.7,
    host: "images_type: qcow2",
    make: "qemu-img create -q -f qcow2 -o backing_file=$base,backing_fmt=raw $dir/disk 64M",
    xml: fileXml("qcow2", "$dir/disk"),
  },
  {
    name: "flat",
    programs: "cp, qemu-img resize",
    aim: 1.0,
    host: "images_type: flat",
    make: "cp $base $dir/disk\nqemu-img resize -q -f raw $dir/disk 64M\nsync $dir/disk",
    xml: fileXml("raw", "$dir/disk"),
  },
  {
    name: "ploop",
    programs: "cp, truncate, ploop",
    aim: 1.0,
    host: "images_type: ploop",
    make: "mkdir $dir/disk\ncp $base $dir/disk/root.hds\ntruncate -s 64M $dir/disk/root.hds\nploop restore-descriptor -f raw $dir/disk $dir/disk/root.hds >/dev/null\nsync $dir/disk/root.hds",
    xml: fileXml("raw", "$dir/disk/root.hds"),
  },
];

/** Images in a pool of this Ceph. */
export function rbdBackend({ conf, monitor }: Pick<Ceph, "conf" | "monitor">, pool: string): Backend {
  const [host, port] = monitor.split(":");
  const source = (image: string) => `<source protocol="rbd" name="${pool}/${image}"><host name="${host}" port="${port}"/></source>`;
  return {
    name: "rbd",
    programs: "rbd import, rbd resize",
    aim: 1.2,
    host: `images_type: rbd, rbd: { pool: ${pool}, conf: ${conf} }`,
    make: `rbd --conf ${conf} import --no-progress $base ${pool}/$name\nrbd --conf ${conf} resize --no-progress -s 64M ${pool}/$name`,
    xml: `<disk type="network" device="disk"><driver name="qemu" type="raw"/>${source("$name")}<target dev="vda" bus="virtio"/></disk>`,
    drive: {
      make: `rbd --conf ${conf} import --no-progress $dir/disk.config ${pool}/$name.config\nrm $dir/disk.config`,
      xml: `<disk type="network" device="cdrom"><driver name="qemu" type="raw"/>${source("$name.config")}<target dev="sda" bus="sata"/></disk>`,
    },
    remove: (names) =>
      names.flatMap((name) => ["", ".config"].map((end) => `rbd --conf ${conf} rm --no-progress ${pool}/${name}${end}`)).join("\n"),
  };
}

/** Logical volumes in this volume group, which needs 7 GiB of room. */
export function lvmBackend(group: string): Backend {
  return {
    name: "lvm",
    programs: "lvcreate, qemu-img convert",
    aim: 1.2,
    // What removal takes is not measured.
    host: `images_type: lvm, lvm: { volume_group: ${group}, volume_clear: none }`,
    make: `lvcreate -qq -y -Wy -L 64M -n $name ${group} >/dev/null\nqemu-img convert -n -t none -f raw -O host_device $base /dev/${group}/$name`,
    xml: `<disk type="block" device="disk"><driver name="qemu" type="raw"/><source dev="/dev/${group}/$name"/><target dev="vda" bus="virtio"/></disk>`,
    remove: (names) => `lvremove -qq -f ${names.map((name) => `${group}/${name}`).join(" ")}`,
  };
}
