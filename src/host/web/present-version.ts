import type { Validators, WebAccess } from "../../model/web-access.ts";
import { httpGet } from "./http-get.ts";
import { validatorsOf } from "./resume.ts";

const patience = { connectMs: 30_000, idleMs: 30_000 };

/**
 * What a server says now about the version of a file, without reading the file. Throws a TransferError when it does not answer. A GET whose
 * body is not read: mirrors exist that answer HEAD differently.
 */
export async function presentVersion(
  url: string,
  access: WebAccess | undefined,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly validators: Validators }> {
  const { response } = await httpGet(new URL(url), { headers: {}, access, insecure: true, patience, signal });
  response.destroy();
  return { status: response.statusCode ?? 0, validators: validatorsOf(response.headers) };
}
