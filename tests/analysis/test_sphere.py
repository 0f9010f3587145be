"""Sampled kernel matrices on the sphere against exact spectra."""

import numpy as np
import pytest

from kernel_regime.analysis.spectrum.sphere import (
    SphereSample,
    compare_on_sphere,
    uniform_on_sphere,
)
from kernel_regime.kernels.dense.zonal import relu_ntk


@pytest.mark.parametrize(("kernel", "dimension"), [(relu_ntk(3), 10), (relu_ntk(2), 4)])
def test_sampled_eigenvalues_lie_where_the_exact_ones_are(kernel, dimension):
    table = compare_on_sphere(kernel, SphereSample(dimension, samples=1200, degrees=4))
    assert table["degree"].tolist()[:3] == [0, 1, 2]
    top = table[table["degree"] <= 2]
    # Each group is a mean over its multiplicity; a sample of 1200 moves it by a few percent, and
    # the unresolved rest of the trace adds at most its share.
    np.testing.assert_allclose(top["mean"], top["exact"], rtol=0.06)
    spread = top[top["degree"] > 0]
    assert ((spread["smallest"] < spread["exact"]) & (spread["exact"] < spread["largest"])).all()


def test_the_spectrum_of_the_sphere_adds_up_to_the_diagonal():
    spectrum = relu_ntk(3).sphere_spectrum(10, 30)
    table = compare_on_sphere(relu_ntk(3), SphereSample(10, samples=400, degrees=4))
    assert (table["multiplicity"] == spectrum.multiplicities[table["degree"]]).all()
    np.testing.assert_array_equal(table["exact"], spectrum.eigenvalues[table["degree"]])
    assert table["multiplicity"].sum() <= 400


def test_points_are_unit_vectors_with_no_preferred_direction():
    x = uniform_on_sphere(4000, 3, seed=1)
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), 1, rtol=1e-14)
    assert np.abs(x.mean(axis=0)).max() < 4 / np.sqrt(3 * 4000)
