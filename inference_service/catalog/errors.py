"""What can go wrong with a model's name or its weights.

    CatalogError
    ├── UnknownModelError       no model has that name
    ├── NotInstalledError       the model exists, its weights are not here
    ├── BadDefaultModelError    STT_DEFAULT_MODEL names nothing that could answer
    ├── BadCatalogueFileError   STT_CATALOGUE_FILE can't be used
    └── PullError               the weights could not be fetched
        └── TermsNotAcceptedError   they have terms, which the operator hasn't accepted

Every message is a sentence that may be shown to a user.
"""


class CatalogError(Exception):
    pass


class UnknownModelError(CatalogError):
    pass


class NotInstalledError(CatalogError):
    pass


class BadDefaultModelError(CatalogError):
    pass


class BadCatalogueFileError(CatalogError):
    pass


class PullError(CatalogError):
    pass


class TermsNotAcceptedError(PullError):
    pass
