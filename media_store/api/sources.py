"""Sources: where the bytes of a submission are to come from."""

from devices.api.strictness import StrictSerializer
from media_store.api.submissions import BASE64_FIELD, Submission, given
from media_store.errors import SourceAmbiguous, SourceMissing
from media_store.models import Media
from problems.errors import Malformed


def sole_source(submission: Submission, fields: tuple[str, ...], *, serializer: StrictSerializer) -> str:
    """The one source that was given: that of the body's own bytes, or one of `fields`.

    Errors: first those of the serializer's `refuse_unknown`, as a source whose name is misspelt is not missing;
    `SourceMissing`, `SourceAmbiguous`; `Malformed` for base64 that is no string, or no JSON string.
    """
    serializer.refuse_unknown(submission.fields)
    if given(submission.fields, (BASE64_FIELD,)):
        in_a_part = isinstance(submission.fields[BASE64_FIELD], str)
        told = "belongs into a JSON body; in multipart send the bytes as a file" if in_a_part else "must be a string"
        detail = f"{BASE64_FIELD} {told}."
        raise Malformed(detail)
    names = given(submission.fields, fields)
    if submission.source is not None:
        names.append(BASE64_FIELD if submission.source == Media.Source.BASE64 else str(submission.source))
    if not names:
        expected = ", ".join((BASE64_FIELD, *fields))
        # Django's parser passes over a part whose headers are not UTF-8.
        detail = f"Give one of {expected}, or a multipart file: a part called file, with a filename in UTF-8."
        raise SourceMissing(detail)
    if len(names) > 1:
        detail = f"Give one source only; here are {', '.join(sorted(names))}."
        raise SourceAmbiguous(detail, fields=sorted(names))
    return names[0]
