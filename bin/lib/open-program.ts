import { fstatSync, openSync } from "node:fs";
import { readPart } from "./read-part.ts";

/** The file of the program, opened: its parts are those of one build, even when an upgrade replaces the file before all are read. */
export interface OpenProgram {
  readonly size: number;
  readonly mtimeMs: number;
  /** Reads a part as Latin-1. */
  readonly text: (offset: number, length: number) => string;
}

/** Opens the file of the program, which is never closed: some parts are read only when they are used. */
export function openProgram(file: URL): OpenProgram {
  const descriptor = openSync(file, "r");
  const { size, mtimeMs } = fstatSync(descriptor);
  const text = (offset: number, length: number) => {
    if (offset + length > size) throw new Error(`${file.pathname} is shorter than the program that was built`);
    return readPart(descriptor, offset, length).toString("latin1");
  };
  return { size, mtimeMs, text };
}
