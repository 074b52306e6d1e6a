/** Event types of the machine's history. Names and levels: reference lifecycle.md section 17; the texts are ours. */
export const eventLevel = { audit: 0, debug: 10, info: 20, warning: 30, error: 40 } as const;
export type EventLevel = keyof typeof eventLevel;

export const eventTypes = {
  NEW: { level: "info", text: "New" },
  COMMISSIONING: { level: "info", text: "Commissioning" },
  FAILED_COMMISSIONING: { level: "info", text: "Failed commissioning" },
  TESTING: { level: "info", text: "Testing" },
  FAILED_TESTING: { level: "info", text: "Failed testing" },
  READY: { level: "info", text: "Ready" },
  ALLOCATED: { level: "info", text: "Allocated" },
  DEPLOYING: { level: "info", text: "Deploying" },
  DEPLOYED: { level: "info", text: "Deployed" },
  IMAGE_DEPLOYED: { level: "info", text: "Image deployed" },
  FAILED_DEPLOYMENT: { level: "info", text: "Failed deployment" },
  RELEASING: { level: "info", text: "Releasing" },
  RELEASED: { level: "info", text: "Released" },
  FAILED_RELEASING: { level: "info", text: "Releasing failed" },
  DISK_ERASING: { level: "info", text: "Disk erasing" },
  FAILED_DISK_ERASING: { level: "info", text: "Failed disk erasing" },
  BROKEN: { level: "info", text: "Broken" },
  GATHERING_INFO: { level: "info", text: "Gathering information" },
  RUNNING_TEST: { level: "info", text: "Running test" },
  SCRIPT_DID_NOT_COMPLETE: { level: "info", text: "Script did not complete" },
  REBOOTING: { level: "info", text: "Rebooting" },
  PERFORMING_PXE_BOOT: { level: "info", text: "Performing PXE boot" },
  LOADING_EPHEMERAL: { level: "info", text: "Loading ephemeral" },
  CONFIGURING_STORAGE: { level: "info", text: "Configuring storage" },
  INSTALLING_OS: { level: "info", text: "Installing OS" },
  CONFIGURING_OS: { level: "info", text: "Configuring OS" },
  ABORTED_COMMISSIONING: { level: "info", text: "Aborted commissioning" },
  ABORTED_DEPLOYMENT: { level: "info", text: "Aborted deployment" },
  ABORTED_TESTING: { level: "info", text: "Aborted testing" },
  ABORTED_DISK_ERASING: { level: "info", text: "Aborted disk erasing" },
  NODE_POWERED_ON: { level: "debug", text: "Node powered on" },
  NODE_POWERED_OFF: { level: "debug", text: "Node powered off" },
  NODE_POWER_ON_FAILED: { level: "error", text: "Failed to power on node" },
  NODE_POWER_OFF_FAILED: { level: "error", text: "Failed to power off node" },
  NODE_POWER_CYCLE_FAILED: { level: "error", text: "Failed to power cycle node" },
  NODE_POWER_QUERY_FAILED: { level: "warning", text: "Failed to query node's BMC" },
  NODE_PXE_REQUEST: { level: "debug", text: "PXE request" },
  NODE_TFTP_REQUEST: { level: "debug", text: "TFTP request" },
  NODE_HTTP_REQUEST: { level: "debug", text: "HTTP request" },
  NODE_INSTALLATION_FINISHED: { level: "debug", text: "Installation complete" },
  NODE_STATUS_EVENT: { level: "debug", text: "Node status event" },
  NODE_COMMISSIONING_EVENT: { level: "debug", text: "Node commissioning" },
  NODE_COMMISSIONING_EVENT_FAILED: { level: "error", text: "Node commissioning failure" },
  NODE_INSTALL_EVENT: { level: "debug", text: "Node installation" },
  NODE_INSTALL_EVENT_FAILED: { level: "error", text: "Node installation failure" },
  NODE_CHANGED_STATUS: { level: "debug", text: "Node changed status" },
  BOOT_SECRET_CONFLICT: { level: "warning", text: "Boot secret claimed twice" },
  SCRIPT_RESULT_CHANGED_STATUS: { level: "debug", text: "Script result" },
  SCRIPT_RESULT_ERROR: { level: "error", text: "Script result lookup or storage error" },
  REQUEST_NODE_START_COMMISSIONING: { level: "debug", text: "User starting node commissioning" },
  REQUEST_NODE_ABORT_COMMISSIONING: { level: "debug", text: "User aborting node commissioning" },
  REQUEST_NODE_START_TESTING: { level: "debug", text: "User starting node testing" },
  REQUEST_NODE_ABORT_TESTING: { level: "debug", text: "User aborting node testing" },
  REQUEST_NODE_ACQUIRE: { level: "debug", text: "User acquiring node" },
  REQUEST_NODE_START_DEPLOYMENT: { level: "debug", text: "User starting deployment" },
  REQUEST_NODE_ABORT_DEPLOYMENT: { level: "debug", text: "User aborting deployment" },
  REQUEST_NODE_RELEASE: { level: "debug", text: "User releasing node" },
  REQUEST_NODE_ERASE_DISK: { level: "debug", text: "User erasing disk" },
  REQUEST_NODE_ABORT_ERASE_DISK: { level: "debug", text: "User aborting disk erase" },
  REQUEST_NODE_START: { level: "debug", text: "User powering up node" },
  REQUEST_NODE_STOP: { level: "debug", text: "User powering down node" },
  REQUEST_NODE_MARK_FAILED_SYSTEM: { level: "error", text: "Marking node failed" },
  AUTHORISATION: { level: "audit", text: "Authorisation" },
  SETTINGS: { level: "audit", text: "Settings" },
  NODE: { level: "audit", text: "Node" },
  IMAGES: { level: "audit", text: "Images" },
  TAG: { level: "audit", text: "Tag" },
  NETWORKING: { level: "audit", text: "Networking" },
} as const satisfies Record<string, { level: EventLevel; text: string }>;

export type EventType = keyof typeof eventTypes;

export interface EventRecord {
  type: EventType;
  /** What happened, beyond the type's own text. */
  description: string;
}

export function event(type: EventType, description = ""): EventRecord {
  return { type, description };
}
