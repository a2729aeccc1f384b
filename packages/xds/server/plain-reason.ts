/** A message in Envoy's debug form, up to what is wrong with it; Envoy cuts long ones off before they come to that. */
const debugForm = /goo\.gle\/debug\w*\s[\s\S]*?(?:\n: |(\.\.\.\(truncated\))|$)/g;

/** Why a proxy refuses something, without the whole resource that Envoy writes before its reason. */
export function plainReason(message: string): string {
  return message
    .replace(debugForm, (_, cut: string | undefined) =>
      cut === undefined ? '' : 'the reason comes after a message that Envoy cuts off: its log has it',
    )
    .trim();
}
