"""Makes the student before training: layers of the teacher under XLM-R's names, and the embeddings of the kept pieces."""

import torch

from .encoder import CrossEncoder

# Between these positions a token may belong to the query or to the document.
_FIRST_DOCUMENT, _LAST_QUERY = 6, 14


def start_student(teacher: CrossEncoder, layers: tuple[int, ...], origins: list[int]) -> CrossEncoder:
    """Copies `layers` of the teacher. `origins` holds for each piece the teacher's id."""
    student = CrossEncoder(len(origins), len(layers))
    old, new = teacher.roberta.embeddings, student.roberta.embeddings
    with torch.no_grad():
        new.word_embeddings.weight.copy_(old.word_embeddings.weight[origins])
        # XLM-R marks the query's end twice and counts positions from 2.
        new.position_embeddings.weight[:2] = 0
        new.position_embeddings.weight[2:].copy_(old.position_embeddings.weight)
        # XLM-R lacks the token types that tell query from document. So the positions hold them: the first positions are the
        # query's, and later ones are so ever more seldom.
        query_type, document_type = old.token_type_embeddings.weight
        new.token_type_embeddings.weight.copy_(document_type[None])
        is_query = torch.linspace(1.0, 0.0, _LAST_QUERY - _FIRST_DOCUMENT + 1)[:, None]
        new.position_embeddings.weight[2 : 2 + _FIRST_DOCUMENT] += query_type - document_type
        new.position_embeddings.weight[2 + _FIRST_DOCUMENT : 3 + _LAST_QUERY] += is_query * (query_type - document_type)
        new.LayerNorm.load_state_dict(old.LayerNorm.state_dict())
        for target, source in zip(student.roberta.encoder.layer, layers, strict=True):
            target.load_state_dict(teacher.roberta.encoder.layer[source].state_dict())
        student.classifier.load_state_dict(teacher.classifier.state_dict())
    return student
