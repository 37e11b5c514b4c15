import { isSecretParameter } from "./is-secret-parameter.ts";

/**
 * An address as it may be shown and recorded: without user name and password, and with `***` in place of the values of
 * query parameters that look like secrets (signed addresses carry their permission there). Paths stay as they are.
 */
export function withoutCredentials(address: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(address)?.[0];
  if (scheme === undefined) return address;
  const bare = scheme + address.slice(scheme.length).replace(/^[^/?#\\]*@/, "");
  return bare.replace(/([?&])([^=&#]+)=([^&#]*)/g, (whole, mark: string, name: string) =>
    isSecretParameter(name) ? `${mark}${name}=***` : whole,
  );
}
