import type { FromSchema } from "json-schema-to-ts";
import type { quantityPattern } from "../model/quantity.ts";
import type { SourceImage } from "../model/source-image.ts";
import type { GlanceSection } from "../sources/glance/settings.ts";
import type { flavorSchema } from "./flavor/schema.ts";
import type { hostSchema } from "./host/schema.ts";
import type { imageSchema } from "./image/schema.ts";
import type { instanceSchema } from "./instance/schema.ts";
import type { networkSchema } from "./network/schema.ts";
import type { securityGroupSchema } from "./security-group/schema.ts";
import type { TextInput } from "./terms/spec.ts";
import type { volumeSchema } from "./volume/schema.ts";

/**
 * Defaults are filled by `desired` alone, so a property that has one can still be missing here. A size is text in a file and
 * bytes once it was loaded.
 */
interface Options {
  keepDefaultedPropertiesOptional: true;
  deserialize: [{ pattern: { type: "string"; pattern: typeof quantityPattern }; output: number }];
}

/** Extra specs or image properties as they are written. */
type NovaTexts = Readonly<Record<string, string>>;

/** The `host` section. */
export type HostConfig = FromSchema<typeof hostSchema, Options> & {
  /** Sections of drivers, which they read themselves. */
  readonly [section: string]: unknown;
};

/**
 * One entry of `images`. `source` is an absolute path or a URL. Of an image in Glance, `withSourceImages` adds what the service says:
 * before, `disk_format` can be missing.
 */
export type ImageConfig = Omit<FromSchema<typeof imageSchema, Options>, "properties" | "disk_format"> & {
  readonly properties?: NovaTexts;
  readonly disk_format: NonNullable<FromSchema<typeof imageSchema, Options>["disk_format"]>;
  readonly found?: SourceImage;
};

/** One entry of `flavors`. Sizes are bytes. */
export type FlavorConfig = Omit<FromSchema<typeof flavorSchema, Options>, "extra_specs"> & { readonly extra_specs?: NovaTexts };

/** One entry of `key_pairs`: files have been read. */
export interface KeyPairConfig {
  readonly public_key: string;
}

/** One entry of `instances`: the file of `user_data` has been read. */
export type InstanceConfig = Omit<FromSchema<typeof instanceSchema, Options>, "user_data"> & { readonly user_data?: TextInput };

/** One network interface of an instance. */
export type NicConfig = NonNullable<InstanceConfig["networks"]>[number];

/** One entry of `networks`. */
export type NetworkConfig = FromSchema<typeof networkSchema, Options>;

/** One subnet of a network, as it is written. */
export type SubnetConfig = NonNullable<NetworkConfig["subnets"]>[number];

/** One entry of `volumes`. */
export type VolumeConfig = FromSchema<typeof volumeSchema, Options>;

/** One entry of `security_groups`. */
export type SecurityGroupConfig = FromSchema<typeof securityGroupSchema, Options>;

/** A whole configuration: loaded, checked, paths absolute, files read. */
export interface Config {
  readonly project?: string;
  readonly host?: HostConfig;
  readonly glance?: GlanceSection;
  readonly images?: Readonly<Record<string, ImageConfig>>;
  readonly flavors?: Readonly<Record<string, FlavorConfig>>;
  readonly key_pairs?: Readonly<Record<string, KeyPairConfig>>;
  readonly volumes?: Readonly<Record<string, VolumeConfig>>;
  readonly networks?: Readonly<Record<string, NetworkConfig>>;
  readonly security_groups?: Readonly<Record<string, SecurityGroupConfig>>;
  readonly instances?: Readonly<Record<string, InstanceConfig>>;
}
