"""The student before training: some layers of the teacher under XLM-R's names, and the embeddings of the pieces that are kept."""

import torch

from .encoder import CrossEncoder

# Positions between which a token may well be of the query or of the document.
_FIRST_DOCUMENT, _LAST_QUERY = 6, 14


def start_student(teacher: CrossEncoder, layers: tuple[int, ...], origins: list[int]) -> CrossEncoder:
    """`layers` of the teacher; piece for piece `origins` are the teacher's."""
    student = CrossEncoder(len(origins), len(layers))
    old, new = teacher.roberta.embeddings, student.roberta.embeddings
    with torch.no_grad():
        new.word_embeddings.weight.copy_(old.word_embeddings.weight[origins])
        # The end of the query is marked twice; positions count from 2.
        new.position_embeddings.weight[:2] = 0
        new.position_embeddings.weight[2:].copy_(old.position_embeddings.weight)
        # Types tell query from document, which XLM-R lacks: the first positions hold the query, later ones ever more seldom.
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
