import { readFile } from "node:fs/promises";
import { errorMessage, userError } from "../model/errors.ts";
import type { Json } from "../model/json.ts";
import { lookJson, type Observed, observedOfJson } from "../model/observed.ts";
import { withoutUndefined } from "../model/without-undefined.ts";
import type { HostSession, Session } from "../session.ts";
import { version } from "../version.ts";

/** What a recorded host belongs to: what is in it is understood by the version that wrote it, and decided for one project and one place. */
interface ProfileHead {
  readonly version: string;
  readonly project: string;
  readonly uri: string;
  readonly instances_path: string;
  /** Absent: the usual one. */
  readonly image_cache_subdirectory_name?: string;
}

/** What was seen of a host, to be planned with elsewhere. */
export function profileJson(observed: Observed, host: HostSession): Json {
  return { host_profile: { ...headOf(host) }, ...(lookJson(observed) as { readonly [key: string]: Json }) };
}

/**
 * Reads the profile of each host of a session, by the name of the host: a file has that of one host, or those of several in `hosts`. Throws a
 * UserError for a file that is not a profile, or is one of another host, project or version.
 */
export async function readProfiles(path: string, { hosts }: Session): Promise<ReadonlyMap<string, Observed>> {
  const value = await parsed(path);
  const { hosts: recorded } = value as { readonly hosts?: Readonly<Record<string, Json>> };
  if (hosts.length > 1 && (typeof recorded !== "object" || recorded === null))
    throw noProfile(path, "It records one host, and there are several.");
  return new Map(
    hosts.map((host) => {
      if (hosts.length === 1) return [host.name, observedIn(value, path, host)];
      const one = recorded !== undefined && Object.hasOwn(recorded, host.name) ? recorded[host.name] : undefined;
      if (typeof one !== "object" || one === null) throw noProfile(path, `It does not record ${host.name}.`);
      return [host.name, observedIn(one, path, host)];
    }),
  );
}

function observedIn(value: object, path: string, host: HostSession): Observed {
  if (!("states" in value && "facts" in value)) throw noProfile(path, "It has no states and facts.");
  const found = (value as { readonly host_profile?: Partial<ProfileHead> }).host_profile;
  if (typeof found !== "object" || found === null) throw noProfile(path, "It has no host_profile.");
  const wanted = headOf(host);
  const names = {
    version: "version of virtform",
    project: "project",
    uri: "libvirt URI",
    instances_path: "instances path",
    image_cache_subdirectory_name: "image_cache_subdirectory_name",
  };
  const other = (Object.keys(names) as (keyof ProfileHead)[]).filter((key) => found[key] !== wanted[key]);
  if (other.length === 0) return observedOfJson(value as Json);
  throw userError(
    "host-profile-other",
    `${path} is not a profile of this configuration's host`,
    `${other.map((key) => `Its ${names[key]} is ${found[key] ?? "not in it"}, and here it is ${wanted[key] ?? "not set"}.`).join(" ")} Record the host again with this version and this configuration: virtform debug observe > FILE.`,
  );
}

async function parsed(path: string): Promise<object> {
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    if (typeof value === "object" && value !== null) return value;
  } catch (error) {
    throw noProfile(path, `${errorMessage(error).replace(/\.$/, "")}.`);
  }
  throw noProfile(path, "It is not a JSON object.");
}

function noProfile(path: string, why: string) {
  return userError("host-profile", `${path} is not the profile of a host`, `${why} virtform debug observe > FILE writes one.`);
}

function headOf({ context: { project, settings } }: HostSession): ProfileHead {
  const { uri, instancesPath, imageCacheName } = settings;
  return { version, project, uri, instances_path: instancesPath, ...withoutUndefined({ image_cache_subdirectory_name: imageCacheName }) };
}
