import assert from "node:assert/strict";
import { test } from "node:test";
import { keptCertificate } from "../../../src/sources/glance/key-manager.ts";
import { signersFor } from "../../../src/sources/glance/signers.ts";
import { answered, cloudWith, refusal } from "./cloud.ts";

const id = "9b1d7a0c-7c39-4a7d-9a2b-0d4f7a6c7e11";
const catalogue = [{ type: "key-manager", endpoints: [{ interface: "public", region_id: "R", url: "https://keys" }] }];

/** The error for a certificate from a key manager that answers with `payload`, or with this status. */
function refusedBy({
  payload = "",
  status = 200,
  service = catalogue,
  description = {},
}: {
  readonly payload?: string;
  readonly status?: number;
  readonly service?: readonly object[];
  readonly description?: object;
}): Promise<string> {
  const answer = (url: string) => (url.endsWith("/payload") ? answered(status, payload) : answered(status, description));
  const { context } = cloudWith(({ url }) => answer(url), {}, "https://g1", service);
  return refusal(keptCertificate(context, id, "a certificate of the test"));
}

test("Nova GCL-14: each way in which the key manager gives no certificate has its own code, and the error says what needs it", async () => {
  for (const [answer, expected] of [
    [{ payload: "no certificate" }, /^image-certificate-unusable: .* is not a certificate .*PEM or DER/],
    [{ description: { status: "ERROR" } }, /^image-certificate-missing: .* is ERROR in the key manager/],
    [{ status: 404 }, /^image-certificate-missing: .* is not in the key manager/],
    [{ status: 403 }, /^image-certificate-forbidden: .* may not read certificate .*role creator/],
    [{ status: 401 }, /^image-certificate-forbidden: /],
    [{ status: 418 }, /^key-manager-unavailable: The key manager at keys answers 418/],
    [{ service: [] }, /^key-manager-unavailable: There is no key manager .*key_manager_endpoint_override/],
  ] as const) {
    const text = await refusedBy(answer);
    assert.match(text, expected);
    if (!text.startsWith("key-manager-unavailable")) assert.match(text, /It is a certificate of the test/);
  }
});

test("a certificate id that is not a uuid is refused before a request", async () => {
  const { context, seen } = cloudWith(() => answered(200), {}, "https://g1", catalogue);
  assert.match(
    await refusal(keptCertificate(context, "../../v1/secrets", "it")),
    /^image-certificate-missing: .* is not the id of a certificate/,
  );
  assert.deepEqual(seen, []);
});

test("the error names a file of trusted certificates that is missing or has none", async () => {
  const { context } = cloudWith(() => answered(200));
  const clouds = { ...context.clouds, readText: (path: string) => (path === "/empty.pem" ? "nothing" : undefined) };
  const signers = (path: string) =>
    refusal(signersFor({ ...context, clouds } as typeof context, { certificates: [path], ids: [], keyManager: false }, "debian", {}));
  assert.match(await signers("/missing.pem"), /^image-certificate-unusable: The file \/missing\.pem cannot be read/);
  assert.match(await signers("/empty.pem"), /^image-certificate-unusable: The file \/empty\.pem has no certificates/);
});
