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
  /** Address of the key manager, without a version; null where the catalogue has none. */
  readonly keyManager: string | null;
}

/** Why an answer of Keystone has no image service for us, in a sentence; else the session. `body` is the parsed answer. */
export function sessionOf(cloud: Cloud, token: string, body: unknown): CloudSession | string {
  const described = field(body, "token");
  const expires = Date.parse(String(field(described, "expires_at")));
  const project = field(field(described, "project"), "id");
  const user = field(field(described, "user"), "id");
  const roles = field(described, "roles");
  const who = {
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
  const catalogue = field(described, "catalog");
  const keyManager = cloud.keyManagerEndpoint ?? endpointsIn(catalogue, "key-manager", cloud).urls[0];
  const session = { ...who, keyManager: keyManager === undefined ? null : withoutVersion(keyManager) };
  if (cloud.imageEndpoint !== null) return { ...session, images: [withoutVersion(cloud.imageEndpoint)] };
  if (!Array.isArray(catalogue)) return "Keystone gave a token without a catalogue: the user has no project. Write project_name.";
  const { all, here, urls } = endpointsIn(catalogue, "image", cloud);
  if (all.length === 0) return "The catalogue of Keystone has no image service.";
  if (here.length === 0) {
    return `The catalogue of Keystone has no image service in region ${cloud.region}, but in ${[...new Set(all.map(regionOf))].join(", ")}. Correct region_name.`;
  }
  if (urls.length > 0) return { ...session, images: [...new Set(urls.map(withoutVersion))] };
  const others = [...new Set(here.map((one) => String(field(one, "interface"))))];
  return `The catalogue of Keystone has no usable ${cloud.interface} address of the image service (it has ${others.join(", ")}). Write interface.`;
}

/** The endpoints of a service: all, those of the region, and the addresses of the interface among these. */
function endpointsIn(catalogue: unknown, type: string, cloud: Pick<Cloud, "region" | "interface">) {
  const services: unknown[] = Array.isArray(catalogue) ? catalogue.slice(0, 1000) : [];
  const all = services.flatMap((service) => {
    const found = field(service, "endpoints");
    return field(service, "type") === type && Array.isArray(found) ? (found.slice(0, 1000) as unknown[]) : [];
  });
  const isUsable = (one: unknown) => field(one, "interface") === cloud.interface && isServiceAddress(String(field(one, "url")));
  // Regions have services of their own: without a name it is that of the first usable endpoint, as for keystoneauth.
  const region = cloud.region ?? all.filter(isUsable).map(regionOf)[0];
  const here = all.filter((one) => region === undefined || regionOf(one) === region);
  return { all, here, urls: here.filter(isUsable).map((one) => String(field(one, "url"))) };
}

function regionOf(endpoint: unknown): string {
  return String(field(endpoint, "region_id") ?? field(endpoint, "region"));
}

/** An address of a service without its version at the end. */
export function withoutVersion(url: string): string {
  return url.replace(/\/+$/, "").replace(/\/v[12](?:\.\d+)?$/, "");
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}
