import { fatWith, formatFat, isFat } from "./fat.ts";
import { type Program, type ProgramEnd, type ProgramInput, writing } from "./program.ts";
import { qemuImg } from "./qemu-img.ts";
import { type Content, copySparse, digestSparse, readSparse, writeSparse } from "./sparse.ts";

const well = (out = ""): ProgramEnd => ({ exitCode: 0, out, err: "" });
const badly = (err: string): ProgramEnd => ({ exitCode: 1, out: "", err: `${err}\n` });

/** Every program that is installed, by name. */
export const programs: Readonly<Record<string, Program>> = {
  "qemu-img": qemuImg,

  /** Limits are not enforced: nothing here grows. */
  prlimit: (input) => {
    const from = input.args.findIndex((word) => !word.startsWith("-") || word === "--");
    const rest = input.args.slice(input.args[from] === "--" ? from + 1 : from);
    const program = programs[rest[0] ?? ""];
    if (program === undefined) return { exitCode: 127, out: "", err: `prlimit: failed to execute ${rest[0]}: No such file or directory\n` };
    return program({ ...input, args: rest.slice(1) });
  },

  fallocate: ({ args, files, life }) => {
    const path = args.at(-1) ?? "";
    const bytes = Number(args[args.indexOf("-l") + 1]);
    const inode = files.find(path);
    if (inode === undefined) return badly(`fallocate: cannot open ${path}: No such file or directory`);
    const grown = copySparse(inode.content);
    for (let number = 0; number * 4096 < bytes; number += 1) grown.chunks.set(number, grown.chunks.get(number) ?? Buffer.alloc(4096));
    if (!args.includes("-n")) grown.size = Math.max(grown.size, bytes);
    return writing("fallocate", life, () => files.write(path, grown), "fallocate: fallocate failed: No space left on device");
  },

  /** `ip link set dev TAP master BRIDGE mtu BYTES up`; the MTU is not kept. `ip -6 neighbour show` prints what is in a file. */
  ip: ({ args, files, life }) => {
    const table = files.find("/run/ipv6-neighbours");
    if (args.join(" ") === "-6 neighbour show") return well(table === undefined ? "" : readSparse(table.content).toString("latin1"));
    const [, , , tap = "", , bridge = ""] = args;
    if (args.slice(0, 3).join(" ") !== "link set dev") return badly(`Object "${args[0]}" is unknown, try "ip help".`);
    if (files.find(`/sys/class/net/${bridge}/brif`) === undefined) return badly(`Cannot find device "${bridge}"`);
    return writing("ip link", life, () => files.makeDirectories(`/sys/class/net/${bridge}/brif/${tap}`), "ip: no space");
  },

  "mkfs.ext2": formatting("ext2"),
  "mkfs.ext3": formatting("ext3"),
  "mkfs.ext4": formatting("ext4"),
  "mkfs.xfs": formatting("xfs"),
  "mkfs.ntfs": formatting("ntfs"),
  mkswap: formatting("swap"),

  "mkfs.vfat": ({ args, files, life }) => {
    if (args[0] === "-V") return badly("mkfs.vfat: invalid option -- 'V'");
    const path = args.at(-1) ?? "";
    const inode = files.find(path);
    if (inode?.type !== "file") return badly(`mkfs.vfat: unable to open ${path}: No such file or directory`);
    return writing(
      "mkfs.vfat",
      life,
      () => files.write(path, formatFat(inode.content, args[args.indexOf("-n") + 1] ?? "")),
      "mkfs.vfat: failed whilst writing",
    );
  },

  /** A program of a site that says whether an interface is ready, by what is in `/run/port-up`: `yes`, `never`, or not yet. */
  "/usr/local/bin/port-up": ({ files }) => {
    const inode = files.find("/run/port-up");
    const word = inode === undefined ? "" : readSparse(inode.content).toString("utf8");
    if (word === "yes") return well();
    return word === "never" ? { exitCode: 3, out: "", err: "port 17 was refused\n" } : badly("port 17 is not bound");
  },
  /** Only asked whether it has libguestfs, which `guestfs.ts` is. */
  "/usr/bin/python3": ({ args }) => (args.at(-1) === "import guestfs" ? well() : badly("ModuleNotFoundError: No module named")),

  /** Only asked to unpack a tar archive into a file system: which one is in it afterwards is known. */
  unshare: ({ args, files, life }) => {
    const [archive, image] = args.slice(-3).map((path) => files.find(path));
    if (archive?.type !== "file" || image?.type !== "file") return badly("mount: failed to setup loop device");
    const filled = copySparse(image.content);
    writeSparse(filled, 4096, Buffer.from(`fake root of ${digestSparse(archive.content, "sha256")}\n`));
    return writing("unshare", life, () => files.write(args.at(-2) ?? "", filled), "tar: Cannot write: No space left on device");
  },

  e2fsck: () => well(),
  /** Only asked whether it is installed: `unshare` unpacks. */
  tar: () => well(),

  /** Only asked for the smallest size, which is always 16 MiB. */
  resize2fs: ({ args, files, life }) => {
    if (args[0] === "-V") return badly("resize2fs: invalid option -- 'V'");
    const path = args.at(-1) ?? "";
    const inode = files.find(path);
    if (args[0] !== "-M" || inode?.type !== "file") return badly(`resize2fs: Bad magic number in super-block while trying to open ${path}`);
    const shrunk = copySparse(inode.content);
    const sizes = Buffer.alloc(32);
    sizes.writeUInt32LE(4096, 4);
    sizes.writeUInt32LE(2, 24);
    writeSparse(shrunk, 1024, sizes);
    return writing("resize2fs", life, () => files.write(path, shrunk), "resize2fs: No space left on device");
  },

  ebtables: () => well(),
  iptables: () => well(),
  ip6tables: () => well(),

  mmd: (input) =>
    intoFat("mmd", input, (image, names) =>
      names.reduce<Content | string>((grown, name) => fatWith(grown, `${name}/`, Buffer.alloc(0)), image),
    ),
  mcopy: (input) => intoFat("mcopy", input, (image, names) => fatWith(image, names.at(-1) ?? "", input.stdin)),
};

/** A filesystem of which only kind, label and identity are known; the same words give the same bytes. */
function formatting(kind: string): Program {
  return ({ args, files, life }) => {
    if (args[0] === "-V") return well();
    const path = args.at(-1) ?? "";
    const inode = files.find(path);
    if (inode?.type !== "file") return badly(`The file ${path} does not exist and no size was specified.`);
    const after = (option: string) => (args.includes(option) ? (args[args.indexOf(option) + 1] ?? "") : "");
    const formatted = copySparse(inode.content);
    writeSparse(formatted, 0, Buffer.from(`fake ${kind} label=${after("-L")} uuid=${after("-U")}${after("-m")}\n`));
    return writing(`mkfs ${kind} ${path}`, life, () => files.write(path, formatted), "No space left on device");
  };
}

function intoFat(
  what: string,
  { args, files, life }: ProgramInput,
  change: (image: Content, names: readonly string[]) => Content | string,
): ProgramEnd {
  const path = args[args.indexOf("-i") + 1] ?? "";
  const names = args.filter((word) => word.startsWith("::/")).map((word) => word.slice(3));
  const inode = files.find(path);
  if (inode?.type !== "file") return badly(`${what}: Can't open ${path}: No such file or directory`);
  if (!isFat(inode.content)) return badly("init :: non DOS media\nCannot initialize '::'");
  const changed = change(copySparse(inode.content), names);
  if (typeof changed === "string") return badly(changed);
  return writing(`${what} ${names.join(" ")}`, life, () => files.write(path, changed), `${what}: No space left on device`);
}
