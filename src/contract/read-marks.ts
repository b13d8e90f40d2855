// Marking a message of a user as read: what is posted to Meta (Meta 1.3).

/** The body of `POST /{phone-number-id}/messages` that marks `wamid`, and the messages before it, as read. */
export function readMarkBody(wamid: string): string {
  return JSON.stringify({ messaging_product: 'whatsapp', status: 'read', message_id: wamid });
}
