import type { Conversation } from "../../src/model/host.ts";
import type { FoundFile, GuestWrite } from "../../src/tools/guestfs/guest-disk.ts";
import type { ProgramInput } from "./program.ts";
import { type Content, copySparse, readSparse, type Sparse, truncateSparse, writeSparse } from "./sparse.ts";

/** What every guest has in its file system. */
const inImage: Readonly<Record<string, string>> = {
  "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n",
  "/etc/group": "root:x:0:\napp:x:1000:\n",
  "/etc/shadow": "root:*:19000:0:99999:7:::\n",
};

const mark = "fake files\n";
const room = 64 * 1024;

/** The files that were written into a disk, by path: content in UTF-8, mode and owner. They are kept in its last 64 KiB, of a qcow2 file behind all else. */
export function writtenInto(disk: Content): Readonly<Record<string, string>> {
  if (disk.size < room) return {};
  const end = readSparse(disk, disk.size - room, room).toString("utf8");
  if (!end.startsWith(mark)) return {};
  return JSON.parse(end.slice(mark.length).replace(/\0*$/, ""));
}

interface Request {
  readonly drive: { readonly file: string; readonly format: "raw" | "qcow2" };
  readonly read: readonly string[];
}

/** A session of Python over libguestfs: one file system without partitions in every disk, whichever is asked for. */
export function openGuestfs({ files, libvirtd, life }: Omit<ProgramInput, "args" | "stdin">): Conversation {
  let request: Request | undefined;
  let end: (ended: { readonly exitCode: number }) => void = () => undefined;
  const ended = new Promise<{ readonly exitCode: number }>((resolve) => {
    end = resolve;
  });
  const conversation: Conversation = {
    onOutput: () => undefined,
    onError: () => undefined,
    ended,
    write(text) {
      life.check("talk to libguestfs");
      setImmediate(() => {
        try {
          conversation.onOutput(`${JSON.stringify(answer(JSON.parse(text)))}\n`);
        } catch {
          // The process that talked to it was killed.
          end({ exitCode: 1 });
        }
      });
    },
    close: async () => end({ exitCode: 0 }),
    kill: () => end({ exitCode: 1 }),
  };
  return conversation;

  function answer(said: Request & { readonly write?: readonly GuestWrite[] }): unknown {
    life.check("libguestfs");
    if (said.write !== undefined && request !== undefined) return { failed: written(request, said.write) };
    request = said;
    const { file } = said.drive;
    const inode = files.find(file);
    const isHeld = libvirtd.open().some((disk) => disk.path === file && !disk.readOnly);
    if (inode?.type !== "file" || isHeld)
      return { error: { step: "open", message: `${file}: ${isHeld ? "is in use" : "No such file or directory"}` } };
    const known = writtenInto(inode.content);
    const found = said.read.map((path): [string, FoundFile] => {
      const content = known[path]?.split("\n").slice(1).join("\n") ?? inImage[path];
      return [path, content === undefined ? { type: "none" } : { type: "file", content: Buffer.from(content).toString("base64") }];
    });
    return { found: Object.fromEntries(found) };
  }

  function written({ drive: { file, format } }: Request, writes: readonly GuestWrite[]): readonly (readonly [number, string])[] {
    const failed = writes.flatMap(({ path }, index) => (path.startsWith("/proc/") ? [[index, "Read-only file system"] as const] : []));
    const done = writes.filter((_, index) => !failed.some(([other]) => other === index));
    const before = files.file(file, "open").content;
    const half = withFiles(before, done.slice(0, 1), format);
    life.effect(
      `write into the file system of ${file}`,
      () => files.write(file, withFiles(before, done, format)),
      (tree) => tree.write(file, half),
    );
    return failed;
  }
}

function withFiles(disk: Content, writes: readonly GuestWrite[], format: "raw" | "qcow2"): Sparse {
  const known = writtenInto(disk);
  const fresh = writes.map(({ path, content, mode, owner }) => [
    path,
    `${mode?.toString(8) ?? "kept"} ${owner?.join(":") ?? "kept"}\n${Buffer.from(content, "base64").toString("utf8")}`,
  ]);
  const has = Object.keys(known).length > 0;
  const grown = copySparse(disk);
  if (format === "qcow2" && !has) truncateSparse(grown, disk.size + room);
  const text = Buffer.from(mark + JSON.stringify({ ...known, ...Object.fromEntries(fresh) }));
  writeSparse(grown, grown.size - room, Buffer.concat([text, Buffer.alloc(room - text.length)]));
  return grown;
}
