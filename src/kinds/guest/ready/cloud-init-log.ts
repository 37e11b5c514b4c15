import { consoleLines } from "./console-log.ts";

/** How far cloud-init is, as far as a console log or its result says. `errors`: what it reported, in its words, without what goes beyond the limits here. */
export interface CloudInitLog {
  readonly status: "running" | "done" | "error";
  readonly errors: readonly string[];
}

const mostErrors = 5;
const longestError = 200;

const begin = /\bCloud-init v\. ?\S+ running 'init-local' at /;
const end = /\bCloud-init v\. ?\S+ finished at /;
/** What cloud-init and systemd write about errors. cloud-init writes them as warnings and goes on. */
const failures: readonly RegExp[] = [
  /\bFailed to run module .*/i,
  /\bRunning module \S+ .*failed\b.*/,
  /\bFailed loading yaml blob\b.*/,
  /\bcloud-init status: error\b.*/,
  /(?:\[FAILED\]|\bsystemd\[1\]:) Failed to start .*\bcloud-?(?:init|config|final)\b.*/i,
];
/** The file that Python loads a module from. */
const source = / \(<module [^>]*>\)/;
/** Without its last stage, cloud-init never reports that it has finished. */
const lastStage =
  /(?:\[FAILED\]|\bsystemd\[1\]:) Failed to start .*\b(?:cloud-final|Cloud-init: Final Stage|Execute cloud user\/final scripts)\b/i;

/** Reads what cloud-init wrote to the console since the guest booted last. The guest can write anything: the result is bounded. Pure. */
export function cloudInitLog(log: string): CloudInitLog {
  const all = consoleLines(log);
  const lines = all.slice(
    Math.max(
      0,
      all.findLastIndex((line) => begin.test(line)),
    ),
  );
  const found = lines.flatMap((line) => failures.map((pattern) => pattern.exec(line)?.[0]).find((text) => text !== undefined) ?? []);
  const errors = fewErrors(found.map((text) => text.replace(source, "")));
  const isOver = lines.some((line) => end.test(line)) || lines.some((line) => lastStage.test(line));
  return { status: !isOver ? "running" : errors.length === 0 ? "done" : "error", errors };
}

/** Errors that a guest reported, each once and within limits. */
export function fewErrors(errors: readonly string[]): string[] {
  return [...new Set(errors.map((text) => text.slice(0, longestError)))].slice(0, mostErrors);
}
