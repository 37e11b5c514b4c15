import { errorMessage } from "../../src/model/errors.ts";
import type { FileTree } from "./file-tree.ts";
import type { Libvirtd } from "./libvirtd.ts";
import type { Half, Life } from "./life.ts";
import { type Content, headOfSparse, readSparse } from "./sparse.ts";

/** What a program is given. */
export interface ProgramInput {
  readonly args: readonly string[];
  readonly stdin: Buffer;
  readonly files: FileTree;
  readonly libvirtd: Libvirtd;
  readonly life: Life;
}

/** What a program leaves. `out` may hold carriage returns. */
export interface ProgramEnd {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** A program of the machine. Changes go through `input.life`, so that a kill can fall into them. */
export type Program = (input: ProgramInput) => ProgramEnd;

/** Runs a change; a disk that is full is the program's failure. `half` is what a kill leaves. */
export function writing(what: string, life: Life, change: () => unknown, full: string, half?: Half): ProgramEnd {
  let failure: unknown;
  life.effect(
    what,
    () => {
      try {
        change();
      } catch (error) {
        failure = error;
      }
    },
    half,
  );
  if (failure === undefined) return { exitCode: 0, out: "", err: "" };
  if (failure instanceof Error && "code" in failure && failure.code === "ENOSPC") return { exitCode: 1, out: "", err: `${full}\n` };
  return { exitCode: 1, out: "", err: `${errorMessage(failure)}\n` };
}

/** Half of a file under its own name: what a killed writer leaves. */
export function leaveHalf(files: FileTree, path: string, whole: Content): void {
  const bytes = Math.floor(whole.size / 2);
  const half = headOfSparse(whole, bytes);
  files.write(path, half);
}

/** What a file holds, whole. */
export function contentOf(files: FileTree, path: string): Buffer {
  return readSparse(files.file(path, "open").content);
}
