import type { Change } from "../../model/change.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Json } from "../../model/json.ts";
import type { Kind } from "../../model/kind.ts";
import { problem } from "../../model/problem.ts";
import type { Resource } from "../../model/resource.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { Sought } from "../../model/sought.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import type { Config } from "../config.ts";
import { baseExists, bases } from "../image/address.ts";
import { isPublished, published } from "./address.ts";
import { desiredPublished } from "./desired.ts";
import { differenceOf } from "./difference.ts";
import { fieldsDigest } from "./fields-digest.ts";
import { observePublished } from "./observe.ts";
import { publishImage } from "./publish.ts";
import { checkRules } from "./rule-check.ts";
import type { PublishedSpec, PublishedState } from "./spec.ts";
import { unusableState } from "./state-of.ts";

/** Images that this project has in Glance. What is no longer configured stays there. */
export function publishedKind(
  settings: HostSettings,
  _lookUpSecret?: unknown,
  _config?: unknown,
  { published: contents = {} }: Sought = {},
): Kind<Config, PublishedSpec, PublishedState> {
  return {
    name: "published",
    addressKinds: [published.name],
    desired: (config, facts) => desiredPublished({ config, settings, facts }),
    observe: (context) => observePublished(context, contents),
    diff: (_address, want, have) => (want === undefined ? undefined : changeOf(want, have)),
    check: checkPublishedImages,
    describe: (state) => state as unknown as Json,
    actions: [publishImage],
  };
}

function changeOf(want: PublishedSpec, have: PublishedState | undefined): Change | undefined {
  const address = published.at(want.image);
  // That is an error of the plan.
  if (have !== undefined && unusableState(have) !== undefined) return undefined;
  const whole = have !== undefined && have.status === "active" && have.uploaded !== null;
  const differences = have === undefined ? [] : differenceOf(want.fields, have);
  if (whole && differences.length === 0) return undefined;
  const uploads = !whole;
  const drifted = whole && have.applied === fieldsDigest(want.fields);
  return {
    address,
    verb: have === undefined ? "create" : "update",
    cause: drifted ? "drift" : "config",
    reason: have === undefined ? "not in Glance" : uploads ? "its upload did not end" : "it differs in Glance",
    fields:
      have === undefined
        ? Object.entries({ ...want.fields, disk_format: want.diskFormat }).flatMap(([path, value]) =>
            isEmpty(value) ? [] : [{ path, new: value as Json }],
          )
        : [
            ...(uploads ? [{ path: "status", old: have.status, new: "active" }] : []),
            ...differences.map(({ path, have: old, want: value }) => ({
              path,
              ...withoutUndefined({ old, new: value }),
            })),
          ],
    actions: [
      {
        id: `${address}#publish`,
        type: publishImage.type,
        address,
        summary: uploads ? `upload the ${want.diskFormat} image to Glance` : "change the image in Glance",
        args: want as unknown as Json,
        needs: uploads ? [baseExists(bases.at(want.entry))] : [],
        makes: [isPublished(address)],
        locks: [],
        effect: "none",
      },
    ],
    before: have === undefined ? null : (have as unknown as Json),
    after: { ...want.fields, disk_format: want.diskFormat, content: want.content } as unknown as Json,
  };
}

function isEmpty(value: unknown): boolean {
  if (value === 0 || value === false) return true;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** Nova GLA-04: properties that a request may not set, and those by which virtform finds its images. */
const reserved =
  /^(?:id|name|status|disk_format|container_format|size|virtual_size|min_disk|min_ram|owner|visibility|protected|os_hidden|checksum|os_hash_algo|os_hash_value|direct_url|locations|tags|members|created_at|updated_at|deleted|deleted_at|self|file|schema|stores|os_glance_.*|virtform_.*)$/;

function checkPublishedImages(
  resources: readonly Resource<PublishedSpec>[],
  observed: Parameters<NonNullable<Kind<Config, PublishedSpec, PublishedState>["check"]>>[1],
): Diagnostic[] {
  const forbidden = checkRules(resources, observed);
  const found = resources.flatMap(({ address, spec }): Diagnostic[] => {
    const have = observed.get(published.at(spec.image));
    const pointer = (...keys: readonly string[]) => ["images", spec.image, "publish", "glance", ...keys];
    const names = Object.keys(spec.fields.properties).filter((name) => reserved.test(name) || name.length > 255 || name.includes(","));
    const unusable = have === undefined ? undefined : unusableState(have);
    const damaged =
      have?.status === "active" && have.uploaded !== null && have.digest?.startsWith("sha512:") === true && have.digest !== have.uploaded;
    return [
      ...(unusable === undefined ? [] : [problem(unusable.code, { ...unusable, address })]),
      ...names.map((name) =>
        problem("published-property-read-only", {
          summary: `Image ${spec.image} cannot have the property ${name} in Glance`,
          detail:
            "Glance sets it by itself, has a field for it, or virtform needs it. Remove it, or write the key of that name beside properties.",
          pointer: pointer("properties"),
        }),
      ),
      ...(spec.fields.members.length > 0 && spec.fields.visibility !== "shared"
        ? [
            problem("published-members-unused", {
              summary: `Image ${spec.image} has members and is not shared`,
              detail: `Its visibility is ${spec.fields.visibility}, and only a shared image has members. Write visibility: shared, or remove members.`,
              pointer: pointer("members"),
            }),
          ]
        : []),
      ...(damaged
        ? [
            problem("published-image-damaged", {
              summary: `Image ${spec.image} has other content in Glance than was uploaded`,
              detail: `Image ${have.id} has ${have.digest}, and ${have.uploaded} was uploaded. Delete it there; the next apply uploads it again.`,
              address,
            }),
          ]
        : []),
    ];
  });
  return [...forbidden, ...found];
}
