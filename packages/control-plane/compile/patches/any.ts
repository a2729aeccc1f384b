import { type DescMessage, fromBinary, type Message, type MessageShape } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import { registry } from '@tulle/xds/gen/registry.js';

/** `type.googleapis.com/a.b.C` ⇒ `a.b.C`. */
export const typeNameOf = (typeUrl: string): string => typeUrl.slice(typeUrl.lastIndexOf('/') + 1);

/** What an Any holds; undefined for a type that we have no descriptor of. */
export function unpacked(any: Any): { readonly desc: DescMessage; readonly message: Message } | undefined {
  const desc = registry.getMessage(typeNameOf(any.typeUrl));
  return desc && { desc, message: fromBinary(desc, any.value) };
}

/** The same as `serialize.any`, for a message that is there. */
export const packed = <Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): Any =>
  anyPack(desc, message);
