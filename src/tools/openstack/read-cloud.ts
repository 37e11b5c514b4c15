import type { CloudInputs } from "../../model/cloud-door.ts";
import { userError } from "../../model/errors.ts";
import { isServiceAddress } from "./address.ts";
import type { Cloud, CloudDomain, CloudLogin, CloudScope, CloudUser } from "./cloud.ts";
import { type CloudsFile, findCloudsFile, isSection } from "./clouds-file.ts";

type Section = Readonly<Record<string, unknown>>;

/**
 * The settings of a cloud, as OpenStack's clients find them: an entry of clouds.yaml with what secure.yaml adds, or the OS_* variables.
 * `name`: the entry; null for OS_CLOUD, else the variables, else the only entry. An entry that is named takes nothing from the variables, whose own
 * name is that of OS_CLOUD_NAME, or `envvars`.
 * Throws a UserError (`cloud-…`) that names the file and the key.
 */
export function readCloud(inputs: CloudInputs, name: string | null): Cloud {
  const { environment } = inputs;
  const wanted = name ?? given(environment["OS_CLOUD"]);
  const ofVariables = given(environment["OS_CLOUD_NAME"]) ?? "envvars";
  if ((wanted === undefined || wanted === ofVariables) && given(environment["OS_AUTH_URL"]) !== undefined) {
    return cloudOf(sectionOfVariables(environment), "the OS_* variables", (key) => `OS_${key.toUpperCase()}`);
  }
  const { clouds, path } = readClouds(inputs);
  const names = Object.keys(clouds);
  const chosen = wanted ?? (names.length === 1 ? names[0] : undefined);
  if (chosen === undefined) {
    const found =
      names.length === 0 ? "There is no clouds.yaml with an entry, and OS_AUTH_URL is not set." : `${path} has ${names.join(", ")}.`;
    const searched = `clouds.yaml is looked for in ${inputs.directories.join(", ")}, or named by OS_CLIENT_CONFIG_FILE.`;
    throw userError(
      "cloud-missing",
      "No cloud is chosen",
      `${found} Write glance.cloud, or set OS_CLOUD or the OS_* variables. ${searched}`,
    );
  }
  const section = Object.hasOwn(clouds, chosen) ? clouds[chosen] : undefined;
  if (section !== undefined && !isSection(section)) {
    throw userError(
      "cloud-invalid",
      `The entry of cloud ${chosen} has no settings`,
      `In ${path} or secure.yaml it is empty, or no mapping.`,
    );
  }
  if (section === undefined) {
    const known =
      names.length === 0 ? `No clouds.yaml in ${inputs.directories.join(", ")} has an entry.` : `${path} has ${names.join(", ")}.`;
    throw userError("cloud-missing", `There is no cloud ${chosen}`, `${known} Correct the name, or add the entry.`);
  }
  const origin = `cloud ${chosen} of ${path}`;
  return cloudOf(inRegion(withProfile(section, chosen, inputs), origin), origin, (key) => key);
}

function cloudOf(section: Section, origin: string, keyName: (key: string) => string): Cloud {
  const auth = isSection(section["auth"]) ? section["auth"] : {};
  const text = (...keys: readonly string[]): string | undefined => {
    for (const key of keys) {
      const value = auth[key] ?? section[key];
      if (typeof value === "string" && value !== "") return value;
    }
    return undefined;
  };
  const missing: string[] = [];
  const needed = (...keys: readonly string[]): string => {
    const value = text(...keys);
    if (value === undefined) missing.push(keyName(keys[0] ?? ""));
    return value ?? "";
  };
  const authUrl = needed("auth_url");
  const login = loginOf(text, needed, origin);
  if (missing.length > 0) {
    const detail = `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing. Keystone needs ${missing.length === 1 ? "it" : "them"} for this way to log in.`;
    throw userError("cloud-incomplete", `The settings of ${origin} are incomplete`, detail);
  }
  if (!isServiceAddress(authUrl)) throw notAnAddress(`auth_url of ${origin}`);
  const firstInterface = firstText(section["image_interface"]) ?? firstText(section["interface"]);
  const interfaceName = (text("image_interface") ?? firstInterface ?? text("interface", "endpoint_type") ?? "public").replace(/URL$/, "");
  if (interfaceName !== "public" && interfaceName !== "internal" && interfaceName !== "admin") {
    throw userError("cloud-invalid", `The interface of ${origin} is unknown: ${interfaceName}`, "Write public, internal or admin.");
  }
  return {
    origin,
    authUrl: `${authUrl.replace(/\/+$/, "").replace(/\/v(?:2\.0|3)$/, "")}/v3`,
    login,
    // Several names with commas are an old form of `regions`.
    region: text("image_region_name", "region_name")?.split(",")[0] ?? null,
    interface: interfaceName,
    imageEndpoint: endpointOf(text, "image", origin),
    keyManagerEndpoint: endpointOf(text, "key_manager", origin),
    verify: flag(section["verify"]) ?? !(flag(section["insecure"]) ?? false),
    cacert: text("cacert") ?? null,
    cert: text("cert") ?? null,
    key: text("key") ?? null,
  };
}

/** The address that replaces the one of the catalogue. */
function endpointOf(text: Text, service: string, origin: string): string | null {
  const key = [`${service}_endpoint_override`, `${service}_endpoint`].find((one) => text(one) !== undefined);
  const url = key === undefined ? undefined : text(key);
  if (url === undefined) return null;
  if (!isServiceAddress(url)) throw notAnAddress(`${key} of ${origin}`);
  return url;
}

function notAnAddress(what: string): Error {
  return userError("cloud-invalid", `The ${what} is not an address`, "Write http:// or https://, the host, and no user or password.");
}

type Text = (...keys: readonly string[]) => string | undefined;
type Needed = (...keys: readonly string[]) => string;

function loginOf(text: Text, needed: Needed, origin: string): CloudLogin {
  const type = (text("auth_type") ?? inferredType(text)).replaceAll("-", "").toLowerCase();
  if (type === "v3applicationcredential") {
    const id = text("application_credential_id");
    const credential =
      id === undefined ? { name: needed("application_credential_id", "application_credential_name"), user: userOf(text, needed) } : { id };
    return { method: "application_credential", credential, secret: needed("application_credential_secret") };
  }
  if (type === "password" || type === "v3password") {
    return { method: "password", user: userOf(text, needed), password: needed("password"), scope: scopeOf(text) };
  }
  if (type === "token" || type === "v3token") return { method: "token", token: needed("token"), scope: scopeOf(text) };
  const detail =
    "Supported are password, v3applicationcredential and token. Make an application credential for it: `openstack application credential create virtform`.";
  throw userError("cloud-auth-type", `The auth_type of ${origin} is not supported: ${type}`, detail);
}

function inferredType(text: Text): string {
  if (text("application_credential_secret") !== undefined) return "v3applicationcredential";
  return text("token") !== undefined && text("password") === undefined ? "token" : "password";
}

function userOf(text: Text, needed: Needed): CloudUser {
  const id = text("user_id");
  if (id !== undefined) return { id };
  return { name: needed("username", "user_name"), domain: domainOf(text, "user") };
}

/**
 * The domain of a user or project: its own, else `domain_…` (the scope, where there is no project), else the default. Keystone calls the domain of
 * everything that names none `default`.
 */
function domainOf(text: Text, of: "user" | "project"): CloudDomain {
  const isScope = text("project_id", "project_name", "tenant_id", "tenant_name") === undefined;
  for (const prefix of [`${of}_domain`, ...(isScope ? [] : ["domain"]), "default_domain"]) {
    const [id, name] = [text(`${prefix}_id`), text(`${prefix}_name`)];
    if (id !== undefined) return { id };
    if (name !== undefined) return { name };
  }
  return { id: text("default_domain") ?? "default" };
}

function scopeOf(text: Text): CloudScope {
  const trust = text("trust_id");
  if (trust !== undefined) return { "OS-TRUST:trust": { id: trust } };
  const projectId = text("project_id", "tenant_id");
  if (projectId !== undefined) return { project: { id: projectId } };
  const project = text("project_name", "tenant_name");
  if (project !== undefined) return { project: { name: project, domain: domainOf(text, "project") } };
  if (text("system_scope") === "all") return { system: { all: true } };
  const domainId = text("domain_id");
  if (domainId !== undefined) return { domain: { id: domainId } };
  const domain = text("domain_name");
  return domain === undefined ? null : { domain: { name: domain } };
}

/** An entry with the settings of the region of its `region_name`, else of the first one, where it lists regions. */
function inRegion(section: Section, origin: string): Section {
  const { regions, region_name: wanted } = section;
  if (!Array.isArray(regions) || regions.length === 0) return section;
  const known = regions.flatMap((one: unknown) => {
    if (typeof one === "string") return [{ name: one, values: {} }];
    if (!isSection(one) || typeof one["name"] !== "string") return [];
    return [{ name: one["name"], values: isSection(one["values"]) ? one["values"] : {} }];
  });
  const chosen = typeof wanted === "string" && wanted !== "" ? known.find(({ name }) => name === wanted) : known[0];
  if (chosen !== undefined) return merged({ ...section, region_name: chosen.name }, chosen.values);
  const names = known.map(({ name }) => name).join(", ") || "none with a name";
  throw userError(
    "cloud-invalid",
    `${origin} has no region ${String(wanted ?? "to choose")}`,
    `Its regions are: ${names}. Correct region_name or regions.`,
  );
}

function firstText(value: unknown): string | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : undefined;
  return typeof first === "string" ? first : undefined;
}

/** `OS_USER_DOMAIN_ID` as `user_domain_id`. */
function sectionOfVariables(environment: CloudInputs["environment"]): Section {
  const entries = Object.entries(environment).filter(([name, value]) => name.startsWith("OS_") && given(value) !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name.slice(3).toLowerCase(), value]));
}

/** The first clouds.yaml, with the first secure.yaml laid over it. */
function readClouds(inputs: CloudInputs): { readonly clouds: Section; readonly path: string } {
  const { environment } = inputs;
  const found = findCloudsFile(inputs, "clouds", given(environment["OS_CLIENT_CONFIG_FILE"]));
  const secure = findCloudsFile(inputs, "secure", given(environment["OS_CLIENT_SECURE_FILE"]));
  const clouds = sectionIn(found, "clouds");
  return { clouds: merged(clouds, sectionIn(secure, "clouds")), path: found?.path ?? "clouds.yaml" };
}

/** A vendor's settings, which clouds-public.yaml holds, below those of the entry. */
function withProfile(section: Section, name: string, inputs: CloudInputs): Section {
  const profile = section["profile"] ?? section["cloud"];
  if (profile === undefined) return section;
  const found = findCloudsFile(inputs, "clouds-public", given(inputs.environment["OS_CLIENT_VENDOR_FILE"]));
  const vendor = typeof profile === "string" ? sectionIn(found, "public-clouds")[profile] : undefined;
  if (!isSection(vendor)) {
    const detail =
      "Profiles are read from public-clouds in clouds-public.yaml. Write auth_url and the other settings of the profile into the entry, or add that file.";
    throw userError("cloud-invalid", `The profile of cloud ${name} is not known: ${String(profile)}`, detail);
  }
  return merged(vendor, section);
}

function sectionIn(found: CloudsFile | undefined, key: string): Section {
  const { content } = found ?? {};
  const section = isSection(content) ? content[key] : undefined;
  return isSection(section) ? section : {};
}

function merged(below: Section, above: Section): Section {
  const result: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const under = result[key];
    // A key without a value adds nothing, and takes nothing away.
    if (value === null && under !== undefined) continue;
    result[key] = isSection(under) && isSection(value) ? merged(under, value) : value;
  }
  return result;
}

function flag(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (typeof value !== "string") return undefined;
  if (/^(?:true|yes|on|1)$/i.test(value)) return true;
  return /^(?:false|no|off|0)$/i.test(value) ? false : undefined;
}

function given(value: string | undefined): string | undefined {
  return value === undefined || value === "" ? undefined : value;
}
