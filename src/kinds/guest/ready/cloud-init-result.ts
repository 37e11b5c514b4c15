import { escapeControls } from "../../../model/escape-controls.ts";
import { type CloudInitLog, fewErrors } from "./cloud-init-log.ts";

/** Where cloud-init writes its result when it has ended, in a file system that is empty after a boot. */
export const cloudInitResultPath = "/run/cloud-init/result.json";

/** Reads the result of cloud-init; undefined for text that is none. The guest can write anything: the errors are bounded. Pure. */
export function cloudInitResult(text: string): CloudInitLog | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { v1 } = (parsed ?? {}) as { readonly v1?: { readonly errors?: unknown } };
  if (!Array.isArray(v1?.errors)) return undefined;
  const errors = fewErrors(v1.errors.map((error) => escapeControls(String(error))));
  return { status: errors.length === 0 ? "done" : "error", errors };
}
