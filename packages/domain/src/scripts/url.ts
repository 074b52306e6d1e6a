/** URLs that a script may be given (reference: scripts.md section 3). */
import { invalidField } from "../errors.ts";

const schemes = new Set(
  "icmp file ftp ftps gopher http https imap imaps ldap ldaps pop3 pop3s rtmp rtsp scp sftp smb smbs smtp smtps telnet tftp".split(
    " ",
  ),
);

const host = /^(\[[0-9a-f:.]+\]|[0-9a-f:]*:[0-9a-f:.]+|[a-z0-9]([a-z0-9._-]*[a-z0-9])?)(:\d{1,5})?(\/\S*)?$/i;

/**
 * A URL of a known scheme, or a bare host or address.
 * @throws DomainError on `field`
 */
export function checkUrl(field: string, text: string): void {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    if (!host.test(text)) throw invalidField(field, `"${text}" is neither a URL nor a host.`);
    return;
  }
  if (!schemes.has(scheme)) throw invalidField(field, `"${text}" has a scheme that no script is given: ${scheme}.`);
  const rest = text.slice(scheme.length + 3);
  const authority = rest.replace(/^[^/@\s]*@/, "");
  if (scheme === "file" ? !/^\S+$/.test(rest) : !host.test(authority))
    throw invalidField(field, `"${text}" names no host.`);
}
