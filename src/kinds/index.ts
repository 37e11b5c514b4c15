import type { AnyKind, Check } from "../model/kind.ts";
import { type Presentation, present } from "../model/presentation.ts";
import type { SecretRef } from "../model/secret.ts";
import type { HostSettings } from "../model/settings.ts";
import type { Sought } from "../model/sought.ts";
import { checkHostCapacity } from "./capacity.ts";
import { withSourceImages } from "./config/with-source-images.ts";
import type { Config } from "./config.ts";
import { checkClaim } from "./host/claim-check.ts";
import { imageKind } from "./image/image.ts";
import { presentImages } from "./image/present.ts";
import { instanceKind } from "./instance/instance.ts";
import { presentInstances } from "./instance/present.ts";
import { networkKind } from "./network/network.ts";
import { presentNetworks } from "./network/present.ts";
import { presentPublished } from "./published/present.ts";
import { publishedKind } from "./published/published.ts";
import { checkLikelyRenames } from "./rename-hint.ts";
import { presentFilters } from "./security-group/present.ts";
import { securityGroupKind } from "./security-group/security-group.ts";
import { soughtOf } from "./sought-of.ts";
import { presentVolumes } from "./volume/present.ts";
import { volumeKind } from "./volume/volume.ts";

/** A kind as it is registered: what may be written, how people see it, and how it is made for one host. */
export interface KindModule {
  readonly name: string;
  /** The section of the configuration that declares its objects, and the JSON Schema of the section. Null: `schema.ts` has it. */
  readonly section: { readonly key: string; readonly schema: Readonly<Record<string, unknown>> } | null;
  /** By address kind, and by the name of what it reports as unmanaged. */
  readonly present: Readonly<Record<string, Presentation>>;
  /**
   * `lookUpSecret`, `config` and `sought` are for the look at the host: what is decided is decided by `desired`, `check` and `diff`, which are pure. The apply
   * of a saved plan has no `config`, so what `describe` gives of a state and its address must depend on `sought` alone.
   */
  create(
    settings: HostSettings,
    lookUpSecret: (reference: SecretRef) => string | undefined,
    config: Config,
    sought: Sought,
  ): AnyKind<Config>;
}

/** Every kind. A new one is one more line. */
const kinds: KindModule[] = [
  { name: "image", section: null, present: presentImages, create: imageKind },
  { name: "published", section: null, present: presentPublished, create: publishedKind },
  { name: "volume", section: null, present: presentVolumes, create: volumeKind },
  { name: "network", section: null, present: presentNetworks, create: networkKind },
  { name: "security-group", section: null, present: presentFilters, create: securityGroupKind },
  { name: "instance", section: null, present: presentInstances, create: instanceKind },
];

for (const kind of kinds) presentKind(kind);

/** Adds a kind, for as long as the result is not disposed of. Throws a TypeError when its name or its section is in use. */
export function registerKind(kind: KindModule): Disposable {
  const taken = kinds.some(({ name, section }) => name === kind.name || (section !== null && section.key === kind.section?.key));
  if (taken) throw new TypeError(`a kind with the name or section of ${kind.name} exists already`);
  using undo = new DisposableStack();
  undo.use(presentKind(kind));
  kinds.push(kind);
  undo.defer(() => void kinds.splice(kinds.indexOf(kind), 1));
  return undo.move();
}

/** The kinds, bound to one host. `sought`: as the look at it that a saved plan is based on had it. */
export function createKinds(
  settings: HostSettings,
  lookUpSecret: (reference: SecretRef) => string | undefined,
  config: Config = {},
  sought: Sought = soughtOf(config),
): readonly AnyKind<Config>[] {
  return kinds.map((kind) => withImagesFound(kind.create(settings, lookUpSecret, config, sought)));
}

/** The sections of the configuration that registered kinds add, by key. */
export function kindSections(): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  return Object.fromEntries(kinds.flatMap(({ section }) => (section === null ? [] : [[section.key, section.schema]])));
}

/** What is checked across all kinds. */
export function createChecks(settings: HostSettings): readonly Check<Config>[] {
  const checks: readonly Check<Config>[] = [checkClaim, checkHostCapacity(settings), checkLikelyRenames];
  return checks.map((check) => (wanted, observed, config) => check(wanted, observed, withSourceImages(config, observed.facts)));
}

/** A kind that is asked about the configuration with what image services say about its images. */
function withImagesFound(kind: AnyKind<Config>): AnyKind<Config> {
  return {
    ...kind,
    desired: (config, facts) => kind.desired(withSourceImages(config, facts), facts),
    ...(kind.check === undefined
      ? {}
      : {
          check: (resources, observed, config, destroying) =>
            kind.check?.(resources, observed, withSourceImages(config, observed.facts), destroying) ?? [],
        }),
  };
}

function presentKind(kind: KindModule): Disposable {
  const presented = new DisposableStack();
  for (const [name, presentation] of Object.entries(kind.present)) presented.use(present(name, presentation));
  return presented;
}
