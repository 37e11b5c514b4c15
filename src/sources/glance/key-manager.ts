import type { X509Certificate } from "node:crypto";
import type { Context } from "../../model/context.ts";
import { userError } from "../../model/errors.ts";
import { parseJson } from "../../model/json-text.ts";
import type { WebAnswer } from "../../model/web.ts";
import { certificateFrom } from "../../tools/signature/signing-certificates.ts";
import { openCloud, patiently } from "./session.ts";
import { glanceSettingsOf } from "./settings.ts";
import { saidText } from "./trouble.ts";

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const attempts = 3;

/**
 * A certificate of the key manager of the cloud (Barbican, API version 1). `what` is what needs it, for messages. Throws a UserError: `image-certificate-missing`
 * where there is none, also after it was withdrawn, `image-certificate-forbidden`, `image-certificate-unusable`, `key-manager-unavailable`.
 */
export async function keptCertificate(context: Context, id: string, what: string): Promise<X509Certificate> {
  if (!uuid.test(id))
    throw userError(
      "image-certificate-missing",
      `${JSON.stringify(id.slice(0, 100))} is not the id of a certificate`,
      `It is ${what}. Write the id of a certificate in the key manager there.`,
    );
  const described = parseJson((await ask(context, `/v1/secrets/${id}`, "application/json", id, what)).body);
  const { content_types: types, status } = (described ?? {}) as Readonly<Record<string, unknown>>;
  if (status !== undefined && status !== "ACTIVE")
    throw userError(
      "image-certificate-missing",
      `Certificate ${id} is ${String(status).slice(0, 50)} in the key manager`,
      `It is ${what}.`,
    );
  const kinds = Object.values((types ?? {}) as Readonly<Record<string, unknown>>);
  const type = kinds.includes("text/plain") ? "text/plain" : "application/octet-stream";
  const { body } = await ask(context, `/v1/secrets/${id}/payload`, type, id, what);
  const certificate = certificateFrom(body);
  if (certificate !== undefined) return certificate;
  throw userError(
    "image-certificate-unusable",
    `${id} in the key manager is not a certificate`,
    `It is ${what}, and has to be one in PEM or DER.`,
  );
}

async function ask(context: Context, path: string, accept: string, id: string, what: string): Promise<WebAnswer> {
  const { cloud, session, security } = await openCloud(context, glanceSettingsOf(context.settings.drivers).cloud);
  const { clouds: door } = context;
  if (door === undefined) throw new Error("a cloud was opened without a door");
  if (session.keyManager === null)
    throw userError(
      "key-manager-unavailable",
      `There is no key manager for ${cloud.origin}`,
      "The catalogue of Keystone has no service key-manager in the region and interface that are configured. Remove glance.key_manager, or name it in key_manager_endpoint_override.",
    );
  const { host } = new URL(session.keyManager);
  const answer = await patiently(door, attempts, {
    method: "GET",
    url: `${session.keyManager}${path}`,
    headers: { "x-auth-token": session.token, accept },
    maxBytes: 256 * 1024,
    security,
    signal: context.signal,
  });
  if ("trouble" in answer)
    throw userError("key-manager-unavailable", `The key manager at ${host} cannot be reached: ${answer.trouble}`, answer.hint);
  if (answer.status === 200) return answer;
  const said = saidText(answer.body);
  const words = said === "" ? "" : ` Barbican says: ${said}`;
  if (answer.status === 404)
    throw userError(
      "image-certificate-missing",
      `Certificate ${id} is not in the key manager`,
      `It is ${what}. It never existed, or was deleted.${words}`,
    );
  if (answer.status === 401 || answer.status === 403)
    throw userError(
      "image-certificate-forbidden",
      `The user of ${cloud.origin} may not read certificate ${id}`,
      `It is ${what}. Barbican lets users with the role creator or admin in its project read it, and users in its access list.${words}`,
    );
  throw userError("key-manager-unavailable", `The key manager at ${host} answers ${answer.status}`, `Try again later.${words}`);
}
