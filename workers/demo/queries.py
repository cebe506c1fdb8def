"""What the sample's client asks of the public API."""

from typing import Final

ANY_DOCUMENT: Final = """
query AnyDocument {
  psdDocuments(first: 1) { totalCount }
}
"""

CREATE_UPLOAD: Final = """
mutation CreateUpload($input: CreateUploadInput!) {
  createUpload(input: $input) {
    file { id }
    target { method url headers { name value } }
    userErrors { field message code }
  }
}
"""

PARSE_PSD: Final = """
mutation ParsePsd($fileId: ID!) {
  parsePsd(input: { fileId: $fileId, reuse: false, waitMs: 0 }) {
    job { id }
    cursor
    userErrors { field message code }
  }
}
"""

JOB_EVENTS: Final = """
subscription JobEvents($id: ID!, $after: EventCursor) {
  jobEvents(id: $id, after: $after) {
    __typename
    cursor
    job {
      status
      progress { fraction stage done total }
    }
    ... on PsdLayersExported { layers { name } }
    ... on JobRetrying { error { message } nextAttemptAt }
    ... on JobFailed { error { code message } }
    ... on JobSucceeded { job { result { ... on PsdDocument { id } } } }
  }
}
"""

DOCUMENT: Final = """
query Document($id: ID!) {
  psdDocument(id: $id) {
    width height colorMode bitDepth dpi iccProfile layerCount fonts
    file { filename size }
    job { startedAt finishedAt }
    image { url }
    preview { url width height }
    layers(first: 1000) {
      nodes {
        name depth kind visible clipped hasMask
        bounds { left top width height }
      }
    }
  }
}
"""

GRAPHIQL: Final = """\
query ParsedDesign($id: ID!) {
  psdDocument(id: $id) {
    width
    height
    colorMode
    layerCount
    fonts
    preview { url }
    tree {
      name
      kind
      children { name kind visible }
    }
    layers(first: 10, kind: [TEXT]) {
      nodes {
        name
        text { content runs { text font size color } }
        preview { url width height }
      }
    }
  }
}
"""
