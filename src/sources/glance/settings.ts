/** How images come from Glance: the section `glance` of a configuration. Plain data without secrets, part of saved plans. */
export interface GlanceSettings {
  /** The entry of clouds.yaml; null for OS_CLOUD or the OS_* variables. */
  readonly cloud: string | null;
  /** Addresses of the service that replace those of the catalogue, without version. */
  readonly servers: readonly string[];
  /** Further attempts after a failure that another attempt may overcome (Nova GCL-03). */
  readonly retries: number;
  /** Schemes of locations that are read without Glance (Nova GCL-11); files only below `directories`. */
  readonly directSchemes: readonly string[];
  /** Absolute paths on the host. */
  readonly directories: readonly string[];
  /** Snapshots in Ceph are read without Glance (Nova GCL-13). */
  readonly rbdDownload: boolean;
  /** Refuse images without a signature (Nova GCL-14). */
  readonly verifySignatures: boolean;
  /** PEM files of the machine that virtform runs on: certificates that signatures are checked with. */
  readonly certificates: readonly string[];
  /** Ids of further trusted certificates, in the key manager. */
  readonly certificateIds: readonly string[];
  /** The certificate that an image names is read from the key manager. */
  readonly keyManager: boolean;
  /** Files with the rules of the service, on the machine that runs virtform; null where they are not checked. */
  readonly policyFile: string | null;
  readonly protectionFile: string | null;
  readonly protectionFormat: "roles" | "policies";
}

/** What signatures of images are checked with. Plain data, part of saved plans. */
export interface Signers {
  readonly certificates: readonly string[];
  readonly ids: readonly string[];
  readonly keyManager: boolean;
}

/** What signatures are checked with; null where no certificate is trusted, so that none is checked. */
export function signersIn({ certificates, certificateIds, keyManager }: GlanceSettings): Signers | null {
  return certificates.length + certificateIds.length === 0 ? null : { certificates, ids: certificateIds, keyManager };
}

/** The section as it is written. */
export interface GlanceSection {
  readonly cloud?: string;
  readonly api_servers?: readonly string[];
  readonly num_retries?: number;
  readonly allowed_direct_url_schemes?: readonly string[];
  readonly direct_url_directories?: readonly string[];
  readonly enable_rbd_download?: boolean;
  readonly verify_glance_signatures?: boolean;
  readonly trusted_certificates?: readonly string[];
  readonly key_manager?: "barbican";
  readonly default_trusted_certificate_ids?: readonly string[];
  readonly policy_file?: string;
  readonly property_protection_file?: string;
  readonly property_protection_rule_format?: "roles" | "policies";
}

/** The section with its defaults. */
export function glanceSettings(section: GlanceSection = {}): GlanceSettings {
  return {
    cloud: section.cloud ?? null,
    servers: section.api_servers ?? [],
    retries: section.num_retries ?? 3,
    directSchemes: section.allowed_direct_url_schemes ?? [],
    directories: section.direct_url_directories ?? [],
    rbdDownload: section.enable_rbd_download ?? false,
    verifySignatures: section.verify_glance_signatures ?? false,
    certificates: section.trusted_certificates ?? [],
    certificateIds: section.default_trusted_certificate_ids ?? [],
    keyManager: section.key_manager !== undefined,
    policyFile: section.policy_file ?? null,
    protectionFile: section.property_protection_file ?? null,
    protectionFormat: section.property_protection_rule_format ?? "roles",
  };
}

/** The settings of a session, or the defaults. */
export function glanceSettingsOf(drivers: Readonly<Record<string, unknown>>): GlanceSettings {
  return (drivers["glance"] as GlanceSettings | undefined) ?? glanceSettings();
}
