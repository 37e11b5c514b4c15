import { CodedError } from "../../model/errors.ts";

/** The codes with which sources say that there is no such image. */
const goneCodes: readonly string[] = ["image-source-missing", "glance-image-missing"];

/** Whether a source says by this code that it does not have an image. Pure. */
export function isGoneCode(code: string | undefined): boolean {
  return code !== undefined && goneCodes.includes(code);
}

/** Whether a fetch failed because the source does not have the image, or no longer has it. */
export function isGone(error: unknown): boolean {
  if (!(error instanceof CodedError)) return false;
  const { status } = (error.cause ?? {}) as { readonly status?: unknown };
  return isGoneCode(error.code) || status === 404 || status === 410;
}
