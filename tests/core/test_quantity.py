from decimal import Decimal

import pytest

from core.quantity import amount, in_words


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [("500m", "0.5"), ("4", "4"), ("256Mi", "268435456"), ("1.5Gi", "1610612736"), ("1k", "1000"), ("2e3", "2000")],
)
def test_a_quantity_is_read_as_kubernetes_reads_it(quantity: str, expected: str) -> None:
    assert amount(quantity) == Decimal(expected)


@pytest.mark.parametrize("text", ["", "lots", "1 Gi", "Mi", "1.2.3Gi"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no Kubernetes quantity"):
        amount(text)


@pytest.mark.parametrize(
    ("resource", "quantity", "words"),
    [
        ("requests.cpu", "2400m", "2.4 cores"),
        ("limits.cpu", "1", "1 core"),
        ("limits.memory", "7578Mi", "7.4 GiB"),
        ("pods", "17", "17"),
        ("requests.memory", "0", "0 B"),
    ],
)
def test_a_quantity_in_words_names_its_unit(resource: str, quantity: str, words: str) -> None:
    assert in_words(resource, amount(quantity)) == words
