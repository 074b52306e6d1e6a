/** Replies of the API, field by field (reference: objects-2.0.json). */
import { z } from "zod";

export const Zone = z.object({
  id: z.int(),
  name: z.string(),
  description: z.string(),
  resource_uri: z.string(),
});
export type Zone = z.infer<typeof Zone>;

export const ResourcePool = z.object({
  id: z.int(),
  name: z.string(),
  description: z.string(),
  resource_uri: z.string(),
});
export type ResourcePool = z.infer<typeof ResourcePool>;

export const Domain = z.object({
  id: z.int(),
  name: z.string(),
  ttl: z.int().nullable(),
  authoritative: z.boolean().nullable(),
  resource_record_count: z.int(),
  is_default: z.boolean(),
  resource_uri: z.string(),
});
export type Domain = z.infer<typeof Domain>;

export const User = z.object({
  username: z.string(),
  email: z.string(),
  is_local: z.boolean(),
  is_superuser: z.boolean(),
  resource_uri: z.string(),
});
export type User = z.infer<typeof User>;

export const Version = z.object({
  version: z.string(),
  subversion: z.string(),
  capabilities: z.array(z.string()),
});
export type Version = z.infer<typeof Version>;

export const AuthToken = z.object({
  token_key: z.string(),
  token_secret: z.string(),
  consumer_key: z.string(),
  name: z.string(),
});
export type AuthToken = z.infer<typeof AuthToken>;

export const AuthTokenListItem = z.object({
  name: z.string(),
  token: z.string(),
});
export type AuthTokenListItem = z.infer<typeof AuthTokenListItem>;

export const SSHKey = z.object({
  id: z.int(),
  key: z.string(),
  keysource: z.string(),
  resource_uri: z.string().optional(),
});
export type SSHKey = z.infer<typeof SSHKey>;

export const Tag = z.object({
  name: z.string(),
  definition: z.string(),
  comment: z.string(),
  kernel_opts: z.string(),
  resource_uri: z.string(),
});
export type Tag = z.infer<typeof Tag>;

export const TagUpdate = z.object({
  added: z.int(),
  removed: z.int(),
});
export type TagUpdate = z.infer<typeof TagUpdate>;

export const TagRebuild = z.object({
  rebuilding: z.string(),
});
export type TagRebuild = z.infer<typeof TagRebuild>;

/** Ours: upstream has nothing to show it. */
export const TagEvaluation = z.object({
  tag: z.string(),
  definition: z.string(),
  /** Of a tag without a definition: none. */
  state: z.enum(["none", "waiting", "running", "done", "failed"]),
  /** Machines, devices and controllers that there are, and of these: looked at; matching; without readable XML. */
  total: z.int(),
  done: z.int(),
  matched: z.int(),
  unreadable: z.int(),
  error: z.string().nullable(),
  wanted: z.string().nullable(),
  started: z.string().nullable(),
  finished: z.string().nullable(),
});
export type TagEvaluation = z.infer<typeof TagEvaluation>;

export const Event = z.object({
  username: z.string(),
  node: z.string().nullable(),
  hostname: z.string(),
  id: z.int(),
  level: z.string(),
  created: z.string(),
  type: z.string(),
  description: z.string(),
});
export type Event = z.infer<typeof Event>;

export const EventsPage = z.object({
  count: z.int(),
  events: z.array(Event),
  next_uri: z.string(),
  prev_uri: z.string().nullable(),
});
export type EventsPage = z.infer<typeof EventsPage>;

export const SSLKey = z.object({
  id: z.int(),
  key: z.string(),
  resource_uri: z.string().optional(),
});
export type SSLKey = z.infer<typeof SSLKey>;

export const File = z.object({
  filename: z.string(),
  anon_resource_uri: z.string(),
  resource_uri: z.string(),
});
export type File = z.infer<typeof File>;

export const FileContent = File.extend({
  /** Base64. */
  content: z.string(),
});
export type FileContent = z.infer<typeof FileContent>;

export const Notification = z.object({
  id: z.int(),
  ident: z.string().nullable(),
  user: User.nullable(),
  users: z.boolean(),
  admins: z.boolean(),
  message: z.string(),
  context: z.record(z.string(), z.unknown()),
  category: z.string(),
  dismissable: z.boolean(),
  resource_uri: z.string(),
});
export type Notification = z.infer<typeof Notification>;
