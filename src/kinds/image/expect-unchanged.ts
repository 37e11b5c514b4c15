import type { Context } from "../../model/context.ts";
import { fileChanged } from "../../model/file-changed.ts";
import type { FilePlace } from "../../model/host.ts";

/** Throws a UserError (`file-changed`) when a file that is used in its place is not as it was when it was digested. */
export async function expectUnchanged({ host }: Pick<Context, "host">, { path, size, mtimeMs, inode }: FilePlace): Promise<void> {
  const now = await host.files.stat(path);
  if (now?.size !== size || now.mtimeMs !== mtimeMs || now.inode !== inode) throw fileChanged(path);
}
