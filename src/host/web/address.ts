import { userError } from "../../model/errors.ts";
import { withoutCredentials } from "../../model/without-credentials.ts";

/** An http or https address. Throws a UserError (`address-invalid`) for anything else. */
export function webAddress(url: string): URL {
  const address = URL.parse(url);
  if (address !== null && /^https?:$/.test(address.protocol)) return address;
  throw userError(
    "address-invalid",
    `Not an http or https address: ${withoutCredentials(url)}`,
    "Write it with its scheme: https://HOST/PATH.",
  );
}
