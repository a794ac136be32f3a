"""Right answers to Problem 2 as students of the course write them, in three languages."""

import functools
import itertools

import numpy as np

from ..hidden.answers import Variant, right, right_cell

# --- a) Values at a point -------------------------------------------------------------------------

_HESSIAN = [[4, 0, 0, 12], [0, 4, 0, -4], [0, 0, 4, 8], [12, -4, 8, 14]]

VALUES = [
    Variant(
        "werte_von_hand_in_halber_genauigkeit",
        "p2a-values",
        {
            "gradient_at_point": np.array([12, -4, 8, 28], dtype=np.float16),
            "hessian_at_point": np.array(_HESSIAN, dtype=np.float16),
            "trace_at_point": np.float16(26),
        },
        0.0,
    ),
    Variant(
        "valeurs_en_morceaux",
        "p2a-values",
        {
            "gradient_at_point": np.concatenate([4.0 * np.array([3, -1, 2]), [14 * 2.0]]),
            "hessian_at_point": [np.array(row) for row in _HESSIAN],
            "trace_at_point": sum([4, 4, 4, 14]),
        },
        0.0,
    ),
    Variant(
        "values_in_fortran_order_and_wide_integers",
        "p2a-values",
        {
            "gradient_at_point": (12, -4.0, 8, np.int64(28)),
            "hessian_at_point": np.asfortranarray(np.array(_HESSIAN, dtype=np.int64)),
            "trace_at_point": np.trace(np.array(_HESSIAN)),
        },
        0.0,
    ),
]


# --- b) The updates, written out ------------------------------------------------------------------


@right("p2b-gd-update")
def schleife_ueber_die_eintraege(u, v, eta):
    norm_quadrat = 0.0
    for eintrag in u:
        norm_quadrat += eintrag**2
    u_neu = np.zeros_like(u, dtype=float)
    for i in range(len(u)):
        u_neu[i] = u[i] - eta * v**2 * u[i]
    v_neu = v - eta * norm_quadrat * v  # mit dem alten u!
    return [u_neu, v_neu]


@right("p2b-gd-update")
def matrice_diagonale(u, v, eta):
    d = np.size(u)
    M = (1 - eta * v**2) * np.identity(d)
    facteur = 1 - eta * np.einsum("i,i->", u, u)
    return tuple(M.dot(u)), np.array([facteur * v], dtype=np.float32)


@right("p2b-gd-update")
def length_and_direction(u, v, eta):
    r = np.sqrt(np.sum(np.square(u)))
    if r == 0:
        return np.zeros(len(u)), v
    direction = np.array(u) / r
    r_new, v_new = r - eta * r * v**2, v - eta * r**2 * v
    return r_new * direction, float(v_new)


@right("p2b-usam-update")
def schlange_heisst_gestoert(u, v, eta, rho):
    assert rho >= 0, "rho darf nicht negativ sein"
    u = np.array(u, dtype=float)
    # 1. Gradient am alten Punkt
    grad_u, grad_v = v**2 * u, np.dot(u, u) * v
    # 2. gestörter Punkt
    u_schlange, v_schlange = u + rho * grad_u, v + rho * grad_v
    print("gestörter Punkt:", u_schlange, v_schlange)
    # 3. Schritt vom alten Punkt mit dem Gradienten am gestörten
    u_neu = u - eta * v_schlange**2 * u_schlange
    v_neu = v - eta * np.linalg.norm(u_schlange) ** 2 * v_schlange
    return u_neu, v_neu


@right("p2b-usam-update")
def polynomes_en_rho(u, v, eta, rho):
    a, b = float(np.vdot(u, u)), v * v
    carre_v, un_u = np.poly1d([a, 1]) ** 2, np.poly1d([b, 1])
    carre_u, un_v = np.poly1d([b, 1]) ** 2, np.poly1d([a, 1])
    facteur_u = 1 - eta * b * np.polyval(carre_v * un_u, rho)
    facteur_v = 1 - eta * a * np.polyval(carre_u * un_v, rho)
    return [facteur_u * u_j for u_j in u], facteur_v * v


@right("p2b-usam-update")
def squares_at_the_shifted_point(u, v, eta, rho):
    a = (np.asarray(u) ** 2).sum()
    b = v**2
    a_up, b_up = a * (1 + rho * b) ** 2, b * (1 + rho * a) ** 2
    x_new = np.empty(len(u) + 1, dtype=np.float64)
    x_new[:-1] = u * (1 - eta * b_up * (1 + rho * b))
    x_new[-1] = v * (1 - eta * a_up * (1 + rho * a))
    return x_new[:-1], x_new[-1:]


# --- c) Loss and derivatives ----------------------------------------------------------------------


@right_cell("p2c-loss-gradient")
def deutsch_mit_skalarprodukt():
    def aufteilen(x):
        x = np.array(x, dtype=float)
        return x[:-1], x[-1]

    def loss(x):
        u, v = aufteilen(x)
        return 0.5 * np.dot(u, u) * v * v

    def gradient(x):
        u, v = aufteilen(x)
        ergebnis = np.concatenate([v * v * u, [np.dot(u, u) * v]])
        assert ergebnis.shape == (len(x),)
        return ergebnis

    return {"loss": loss, "gradient": gradient}


@right_cell("p2c-loss-gradient")
def differences_a_cinq_points():
    def loss(x):
        carres = [xi**2 for xi in x]
        v_carre = carres.pop()
        return 1 / 2 * sum(carres) * v_carre

    def gradient(x):
        h, g = 1e-3, []
        for i in range(len(x)):
            e = np.zeros(len(x))
            e[i] = h
            f = [loss(x + k * e) for k in (-2, -1, 1, 2)]
            g.append((f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h))
        return tuple(g)

    return {"loss": loss, "gradient": gradient}


@right_cell("p2c-loss-gradient")
def ready_for_many_points():
    def loss(x):
        x = np.asarray(x)
        return np.sum(x[..., :-1] ** 2, axis=-1) * x[..., -1] ** 2 / 2

    def gradient(x):
        x = np.asarray(x, dtype=np.float32)
        u, v = x[..., :-1], x[..., -1:]
        return np.concatenate([v**2 * u, (u**2).sum(-1, keepdims=True) * v], axis=-1)

    return {"loss": loss, "gradient": gradient}


@right_cell("p2c-hessian-trace")
def hesse_matrix_mit_schleifen():
    def hessian(x):
        d = len(x) - 1
        u, v = x[:d], x[d]
        H = np.zeros((d + 1, d + 1))
        for i in range(d + 1):
            for j in range(d + 1):
                if i == d and j == d:
                    H[i, j] = np.sum(u**2)
                elif i == d:
                    H[i, j] = 2 * v * u[j]
                elif j == d:
                    H[i, j] = 2 * v * u[i]
                elif i == j:
                    H[i, j] = v**2
        assert np.allclose(H, H.T), "muss symmetrisch sein"
        return H

    def hessian_trace(x):
        spur = 0
        H = hessian(x)
        for i in range(len(H)):
            spur = spur + H[i, i]
        return spur

    return {"hessian": hessian, "hessian_trace": hessian_trace}


@right_cell("p2c-hessian-trace")
def hessienne_par_produits_exterieurs():
    def hessian(x):
        u, v = np.append(x[:-1], 0.0), x[-1]
        e = np.eye(len(x))[-1]
        P = np.eye(len(x)) - np.outer(e, e)
        return v**2 * P + 2 * v * (np.outer(u, e) + np.outer(e, u)) + u.dot(u) * np.outer(e, e)

    def hessian_trace(x):
        return np.einsum("ii->", hessian(x))

    return {"hessian": hessian, "hessian_trace": hessian_trace}


@right_cell("p2c-hessian-trace")
def upper_half_and_its_mirror():
    def hessian(x):
        *u, v = map(float, x)
        d = len(u)
        upper = np.zeros((d + 1, d + 1), dtype=np.float32, order="F")
        upper[:d, d] = [2 * v * entry for entry in u]
        diagonal = [v**2] * d + [sum(entry**2 for entry in u)]
        return upper + upper.T + np.diag(np.float32(diagonal))

    def hessian_trace(x):
        return np.array((len(x) - 1) * x[-1] ** 2 + np.linalg.norm(x[:-1]) ** 2)

    return {"hessian": hessian, "hessian_trace": hessian_trace}


# --- c) GD and USAM -------------------------------------------------------------------------------


@right("p2c-gd")
def abstieg_mit_fortschritt(gradient, x0, eta, num_steps):
    if np.isscalar(eta):
        schrittweiten = [eta] * num_steps
    else:
        schrittweiten = list(eta)
    assert len(schrittweiten) == num_steps
    x = np.array(x0).astype(float)
    verlauf = [x.copy()]
    for k in range(num_steps):
        if k % 100 == 0:
            print(f"GD: Schritt {k}/{num_steps}", end="\r")
        x -= schrittweiten[k] * np.array(gradient(x.copy()))
        verlauf.append(x.copy())
    return np.array(verlauf, order="F")


@right("p2c-gd")
def iterees_par_numero(gradient, x0, eta, num_steps):
    pas = np.full(num_steps, eta, dtype=float)
    x = {0: np.array(x0, dtype=float)}
    for k in range(num_steps):
        x[k + 1] = x[k] - pas[k] * gradient(x[k])
    return np.stack([x[k] for k in sorted(x)])


@right("p2c-gd")
def try_the_index_first(gradient, x0, eta, num_steps):
    xs = [[float(value) for value in x0]]
    for k in range(num_steps):
        try:
            step = eta[k]
        except (TypeError, IndexError):
            step = eta
        g = gradient(np.array(xs[-1]))
        xs += [[value - step * slope for value, slope in zip(xs[-1], g, strict=True)]]
    return tuple(tuple(row) for row in xs)


@right("p2c-usam")
def gestoerter_punkt_ausgeschrieben(gradient, x0, eta, rho, num_steps):
    weg = np.zeros((num_steps + 1, len(x0)), order="F")
    weg[0, :] = x0
    eta = np.asarray(eta, dtype=float)
    for k in range(num_steps):
        x_k = np.array(weg[k, :])
        g = np.array(gradient(x_k))
        x_gestoert = x_k + rho * g  # ohne Normierung, sonst wäre es SAM
        eta_k = eta if eta.ndim == 0 else eta[k]
        weg[k + 1, :] = x_k - eta_k * np.array(gradient(x_gestoert))
    return weg


@right("p2c-usam")
def pas_par_reduction(gradient, x0, eta, rho, num_steps):
    def un_pas(chemin, pas):
        x = chemin[-1]
        perturbe = np.add(x, np.multiply(rho, gradient(x)))
        return [*chemin, np.subtract(x, np.multiply(pas, gradient(perturbe)))]

    tous_les_pas = itertools.repeat(eta, num_steps) if np.ndim(eta) == 0 else iter(eta)
    return functools.reduce(un_pas, tous_les_pas, [np.array(x0, dtype=float)])


@right("p2c-usam")
def gd_copied_and_changed(gradient, x0, eta, rho, num_steps):
    if not hasattr(eta, "__iter__"):
        eta = eta * np.ones((num_steps,))
    x, all_x = np.array(x0, dtype=float), np.array([x0], dtype=float)
    k = 0
    while k < num_steps:
        if rho != 0:
            x = x - eta[k] * gradient(x + rho * gradient(x))
        else:  # plain gradient descent
            x = x - eta[k] * gradient(x)
        all_x = np.concatenate((all_x, x[None, :]))
        k += 1
    return all_x


# --- c) The experiment ----------------------------------------------------------------------------


@right("p2c-experiment")
def ganze_zahlen_als_schluessel(optimizer, gradient, starts, etas, rhos, num_steps):
    ergebnisse = {}
    nummer = 0
    for eta in etas:
        for rho in rhos:
            nummer = nummer + 1
            print(f"Lauf {nummer} von {len(etas) * len(rhos)}: η = {eta}, ρ = {rho}")
            letzte = []
            for x0 in starts:
                letzte.append(np.array(optimizer(gradient, x0, eta, rho, num_steps))[-1, :])
            # 0.0 wird zu 0, der Schlüssel bleibt derselbe
            schluessel = (float(eta), int(rho) if rho == int(rho) else float(rho))
            ergebnisse[schluessel] = np.array(letzte, order="F")
    return ergebnisse


@right("p2c-experiment")
def dictionnaire_en_une_fois(optimizer, gradient, starts, etas, rhos, num_steps):
    couples = list(itertools.product(etas, rhos))

    def dernieres(couple):
        eta, rho = couple
        toutes = [optimizer(gradient, depart, eta, rho, num_steps) for depart in starts]
        return np.stack([iterees[-1] for iterees in toutes]).astype(np.float32)

    return dict(zip(couples, map(dernieres, couples), strict=True))


@right("p2c-experiment")
def table_of_zeros_filled_in(optimizer, gradient, starts, etas, rhos, num_steps):
    R, dim = np.shape(starts)
    results = {(np.float64(e), np.float64(r)): np.zeros((R, dim)) for r in rhos for e in etas}
    for (e, r), table in results.items():
        for i in range(R):
            x0 = np.copy(starts[i])
            iterates = optimizer(gradient, x0, float(e), float(r), num_steps)
            table[i] = iterates[len(iterates) - 1]
            assert np.array_equal(x0, starts[i]), "the optimiser changed its start"
    return results
