import type { Json } from "../../model/json.ts";
import { isServiceAddress } from "./address.ts";
import type { Cloud, CloudLogin, CloudUser } from "./cloud.ts";

/** What Keystone is asked with: the body of `POST /v3/auth/tokens`. It holds secrets. */
export function tokenRequest(login: CloudLogin): Json {
  if (login.method === "application_credential") {
    const { credential, secret } = login;
    const which = "id" in credential ? { id: credential.id } : { name: credential.name, user: userJson(credential.user) };
    return { auth: { identity: { methods: ["application_credential"], application_credential: { ...which, secret } } } };
  }
  const identity =
    login.method === "password"
      ? { methods: ["password"], password: { user: { ...userJson(login.user), password: login.password } } }
      : { methods: ["token"], token: { id: login.token } };
  return { auth: { identity, ...(login.scope === null ? {} : { scope: login.scope as Json }) } };
}

function userJson(user: CloudUser): Readonly<Record<string, Json>> {
  return "id" in user ? { id: user.id } : { name: user.name, domain: { ...user.domain } };
}

/** A token and where the image service is. */
export interface CloudSession {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
  /** The project that the token is for; null where it is for none. */
  readonly project: string | null;
  readonly user: string | null;
  /** Names of the roles in the project, with those that they imply. */
  readonly roles: readonly string[];
  /** Addresses of the image service, without a version; several are equal. */
  readonly images: readonly string[];
}

/** Why an answer of Keystone has no image service for us, in a sentence; else the session. `body` is the parsed answer. */
export function sessionOf(cloud: Cloud, token: string, body: unknown): CloudSession | string {
  const described = field(body, "token");
  const expires = Date.parse(String(field(described, "expires_at")));
  const project = field(field(described, "project"), "id");
  const user = field(field(described, "user"), "id");
  const roles = field(described, "roles");
  const session = {
    token,
    expires: Number.isNaN(expires) ? Date.now() + 60_000 : expires,
    project: typeof project === "string" ? project : null,
    user: typeof user === "string" ? user : null,
    roles: Array.isArray(roles)
      ? roles.slice(0, 1000).flatMap((role: unknown) => {
          const name = field(role, "name");
          return typeof name === "string" ? [name] : [];
        })
      : [],
  };
  if (cloud.imageEndpoint !== null) return { ...session, images: [withoutVersion(cloud.imageEndpoint)] };
  const catalogue = field(described, "catalog");
  if (!Array.isArray(catalogue)) return "Keystone gave a token without a catalogue: the user has no project. Write project_name.";
  const endpoints = catalogue.slice(0, 1000).flatMap((service: unknown) => {
    const found = field(service, "endpoints");
    return field(service, "type") === "image" && Array.isArray(found) ? found.slice(0, 1000) : [];
  });
  if (endpoints.length === 0) return "The catalogue of Keystone has no image service.";
  const here = endpoints.filter((one) => cloud.region === null || regionOf(one) === cloud.region);
  if (here.length === 0) {
    return `The catalogue of Keystone has no image service in region ${cloud.region}, but in ${[...new Set(endpoints.map(regionOf))].join(", ")}. Correct region_name.`;
  }
  const found = here.filter((one) => field(one, "interface") === cloud.interface).map((one) => String(field(one, "url")));
  const urls = found.filter(isServiceAddress);
  if (urls.length > 0) return { ...session, images: [...new Set(urls.map(withoutVersion))] };
  const others = [...new Set(here.map((one) => String(field(one, "interface"))))];
  return `The catalogue of Keystone has no usable ${cloud.interface} address of the image service (it has ${others.join(", ")}). Write interface.`;
}

function regionOf(endpoint: unknown): string {
  return String(field(endpoint, "region_id") ?? field(endpoint, "region"));
}

/** An address of Glance without its version at the end. */
export function withoutVersion(url: string): string {
  return url.replace(/\/+$/, "").replace(/\/v[12](?:\.\d+)?$/, "");
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}
