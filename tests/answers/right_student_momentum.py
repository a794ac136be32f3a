"""Right answers to Problem 1 as students of the course write them, in three languages."""

import fractions
import functools

import numpy as np

from ..hidden.answers import right

# --- Momentum -------------------------------------------------------------------------------------


@right("p1-momentum")
def schwung_mit_fortschritt(gradient, x0, gammas, betas, indices):
    # Startwert kopieren, damit x0 nicht verändert wird!
    x_aktuell = np.array(x0, dtype=float).copy()
    anzahl_schritte = len(indices)
    assert len(gammas) == anzahl_schritte, "gammas hat die falsche Länge"
    assert len(betas) == anzahl_schritte, "betas hat die falsche Länge"
    impuls = np.zeros_like(x_aktuell)
    verlauf = np.zeros((anzahl_schritte + 1, x_aktuell.shape[0]), order="F")
    verlauf[0, :] = x_aktuell
    for t in range(0, anzahl_schritte):
        if t % max(1, anzahl_schritte // 10) == 0:
            print("Schritt", t, "von", anzahl_schritte)
        g_t = np.array(gradient(indices[t], x_aktuell))
        impuls = betas[t] * impuls + g_t  # Gleichung (1)
        x_aktuell = x_aktuell - gammas[t] * impuls  # Gleichung (2)
        verlauf[t + 1, :] = x_aktuell
    return verlauf


@right("p1-momentum")
def etat_dans_un_dictionnaire(gradient, x0, gammas, betas, indices):
    etat = {"x": np.asarray(x0) * 1.0, "m": 0.0}
    suite = [etat["x"]]
    for t, i in enumerate(np.asarray(indices).tolist()):
        pente = np.asarray(gradient(i, etat["x"]))
        etat["m"] = etat["m"] * betas[t] + pente
        etat["x"] = etat["x"] - etat["m"] * gammas[t]  # nouvelle copie, pas de -=
        suite.append(etat["x"])
    return suite


@right("p1-momentum")
def memory_read_off_the_last_move(gradient, x0, gammas, betas, indices):
    # x^t = x^{t-1} - gamma_{t-1} m^{t-1}, so m^{t-1} = (x^{t-1} - x^t) / gamma_{t-1}
    xs = [np.array(x0, dtype=float)]
    for t in range(len(gammas)):
        if t == 0:
            m_before = np.zeros(len(x0))
        else:
            m_before = (xs[t - 1] - xs[t]) / gammas[t - 1]
        m = betas[t] * m_before + gradient(indices[t], xs[t])
        xs.append(xs[t] - gammas[t] * m)
    return np.stack(xs, axis=0)


@right("p1-momentum")
def listen_die_kuerzer_werden(gradient, x0, gammas, betas, indices):
    schrittweiten, traegheiten, ziehungen = list(gammas), list(betas), list(indices)
    x = np.array([float(eintrag) for eintrag in x0])
    m = np.array([0.0 for eintrag in x0])
    ergebnis = x.reshape(1, -1)
    while len(ziehungen) > 0:
        gamma, beta, i = schrittweiten.pop(0), traegheiten.pop(0), ziehungen.pop(0)
        m = np.add(np.multiply(beta, m), gradient(i, x))
        x = np.subtract(x, np.multiply(gamma, m))
        ergebnis = np.append(ergebnis, [x], axis=0)
    return ergebnis


# --- Heavy ball -----------------------------------------------------------------------------------


@right("p1a-heavy-ball")
def vorgaenger_gibt_es_noch_nicht(gradient, x0, gammas, betas, indices):
    x_neu = np.array(x0, dtype="float64")
    x_alt = None
    alle = [x_neu]
    for t in range(len(indices)):
        schritt = -gammas[t] * np.array(gradient(int(indices[t]), x_neu))
        if x_alt is not None:
            schritt = schritt + betas[t] * (x_neu - x_alt)
        # beim ersten Mal ist x^{-1} = x^0, also kein Trägheitsterm
        x_alt, x_neu = x_neu, x_neu + schritt
        alle.append(x_neu)
    return np.array(alle)


@right("p1a-heavy-ball")
def systeme_d_ordre_un(gradient, x0, gammas, betas, indices):
    d = len(x0)
    etat = np.concatenate([x0, x0]).astype(float)  # (x^t, x^{t-1})
    iterees = np.zeros((len(gammas) + 1, d))
    iterees[0] = etat[:d]
    identite = np.eye(d)
    for t, (gamma, beta) in enumerate(zip(gammas, betas, strict=True)):
        A = np.kron(np.array([[1 + beta, -beta], [1, 0]]), identite)
        force = np.zeros(2 * d)
        force[:d] = gamma * np.asarray(gradient(indices[t], etat[:d].copy()))
        etat = A @ etat - force
        iterees[t + 1] = etat[:d]
    return iterees


@right("p1a-heavy-ball")
def places_by_their_number(gradient, x0, gammas, betas, indices):
    T = len(gammas)
    x = {-1: np.array(x0, float), 0: np.array(x0, float)}
    for t in range(T):
        g = gradient(indices[t], x[t])
        x[t + 1] = x[t] - gammas[t] * g + betas[t] * (x[t] - x[t - 1])
    return tuple(x[t].astype(np.float32) for t in range(T + 1))


@right("p1a-heavy-ball")
def rekursion_mit_gedaechtnis(gradient, x0, gammas, betas, indices):
    start = np.array(x0, dtype=float)

    @functools.lru_cache(maxsize=None)
    def x(t):
        if t <= 0:
            return start
        s = t - 1
        return x(s) - gammas[s] * gradient(indices[s], x(s)) + betas[s] * (x(s) - x(s - 1))

    return [x(t).tolist() for t in range(len(indices) + 1)]


@right("p1a-parameters")
def gamma_davor_als_liste(gammas, betas):
    gamma_davor = [1.0]
    for g in list(gammas)[:-1]:
        gamma_davor.append(g)
    beta_dach = [g * b / gd for g, b, gd in zip(gammas, betas, gamma_davor, strict=False)]
    return np.array(gammas, dtype=np.float32), np.array(beta_dach, dtype=np.float32)


@right("p1a-parameters")
def quotient_avec_insertion(gammas, betas):
    gamma_chapeau = np.copy(gammas)
    precedents = np.insert(gammas[:-1], 0, 1.0)
    beta_chapeau = np.divide(betas * gammas, precedents)
    print("beta chapeau :", beta_chapeau)
    return [gamma_chapeau, beta_chapeau]


@right("p1a-parameters")
def two_generators(gammas, betas):
    def hats():
        for t in range(len(gammas)):
            try:
                if t - 1 < 0:  # gammas[-1] would be the last one
                    raise IndexError
                before = gammas[t - 1]
            except IndexError:
                before = 1
            yield gammas[t] * betas[t] / before

    return np.fromiter((g for g in gammas), dtype=float), np.fromiter(hats(), dtype=float)


@right("p1a-parameters")
def lineares_gleichungssystem(gammas, betas):
    davor = np.r_[1.0, gammas][:-1]
    # diag(γ_{t-1}) β̂ = γ β
    beta_dach = np.linalg.solve(np.diag(davor), np.asarray(gammas) * np.asarray(betas))
    return np.vstack((gammas, beta_dach))


# --- Iterate moving average -----------------------------------------------------------------------


@right("p1b-ima")
def moyenne_des_iterees(gradient, x0, etas, lambdas, indices):
    x = np.asarray(x0, dtype=float)
    z = x + 0.0
    les_x, les_z = x[None, :], np.zeros((0, len(x)))
    for t in range(len(etas)):
        z = z - etas[t] * np.asarray(gradient(indices[t], x))
        poids = lambdas[t + 1] / (lambdas[t + 1] + 1)
        x = poids * x + (1 - poids) * z
        les_x = np.vstack([les_x, x])
        les_z = np.vstack([les_z, z])
    return [les_x, les_z]


@right("p1b-ima")
def abstand_zu_z_schrumpft(gradient, x0, etas, lambdas, indices):
    T, d = len(indices), len(x0)
    X = np.zeros((T + 1, d), dtype=np.float64, order="F")
    Z = np.zeros((T, d), dtype=np.float64, order="F")
    X[0] = x0
    z = np.array(x0, dtype=float)
    for t in range(T):
        z = z - etas[t] * gradient(indices[t], X[t].copy())
        lam = lambdas[t + 1]
        X[t + 1] = z + lam * (X[t] - z) / (lam + 1)
        Z[t] = z
    assert X.shape == (T + 1, d)
    assert Z.shape == (T, d)
    return X, Z


@right("p1b-ima")
def state_kept_in_a_closure(gradient, x0, etas, lambdas, indices):
    x = np.array(x0, dtype=float)
    z = np.array(x0, dtype=float)

    def step(t):
        nonlocal x, z
        z = z - etas[t] * np.array(gradient(indices[t], x))
        a, b = lambdas[t + 1], 1.0
        x = (a * x + b * z) / (a + b)
        return x, z

    rows = [step(t) for t in range(len(etas))]
    return [list(x0), *(list(row[0]) for row in rows)], [list(row[1]) for row in rows]


@right("p1b-ima")
def eintrag_fuer_eintrag(gradient, x0, etas, lambdas, indices):
    T, d = len(indices), len(x0)
    x = [[0.0] * d for _ in range(T + 1)]
    z = [[0.0] * d for _ in range(T)]
    for j in range(d):
        x[0][j] = float(x0[j])
    for t in range(T):
        g = gradient(indices[t], np.array(x[t]))
        for j in range(d):
            z_alt = z[t - 1][j] if t > 0 else float(x0[j])
            z[t][j] = z_alt - etas[t] * g[j]
            x[t + 1][j] = lambdas[t + 1] / (lambdas[t + 1] + 1) * x[t][j]
            x[t + 1][j] += 1 / (lambdas[t + 1] + 1) * z[t][j]
    return np.array(x), np.array(z)


@right("p1b-parameters")
def rueckwaerts_mit_while(gammas, betas):
    # wir wählen λ_T = 0 und rechnen rückwärts: λ_t = β̂_t (1 + λ_{t+1})
    T = len(gammas)
    lam = [0.0]
    t = T - 1
    while t >= 0:
        gamma_alt = 1.0 if t == 0 else gammas[t - 1]
        beta_dach = gammas[t] * betas[t] / gamma_alt
        lam.insert(0, beta_dach * (1 + lam[0]))
        t = t - 1
    eta = [(1 + lam[t + 1]) * gammas[t] for t in range(T)]
    for t in range(T):
        print(f"t = {t}: eta = {eta[t]:.3f}, lambda = {lam[t]:.3f}")
    return np.array(eta), np.array(lam)


@right("p1b-parameters")
def a_rebours_depuis_trois(gammas, betas):
    T = len(gammas)
    lambdas = np.zeros(T + 1)
    lambdas[T] = 3  # choix libre
    for t in range(T, 1, -1):
        lambdas[t - 1] = betas[t - 1] * gammas[t - 1] / gammas[t - 2] * (1 + lambdas[t])
    etas = gammas + gammas * lambdas[1:]
    return etas, lambdas  # lambda_0 ne sert à rien, il reste 0 (sauf si T = 0)


@right("p1b-parameters")
def exact_fractions(gammas, betas):
    g = [fractions.Fraction(float(value)) for value in gammas]
    b = [fractions.Fraction(float(value)) for value in betas]
    lambdas = [fractions.Fraction(1, 2)]
    for t in reversed(range(len(g))):
        before = g[t - 1] if t else fractions.Fraction(1)
        lambdas = [g[t] * b[t] / before * (1 + lambdas[0]), *lambdas]
    etas = [g[t] * (1 + lambdas[t + 1]) for t in range(len(g))]
    return [float(eta) for eta in etas], [float(lam) for lam in lambdas]


@right("p1b-parameters")
def mit_der_schweren_kugel_und_probe(gammas, betas):
    gamma_dach, beta_dach = heavy_ball_parameters(gammas, betas)  # noqa: F821 - the reference's
    folge = functools.reduce(
        lambda bisher, hut: [hut * (1 + bisher[0]), *bisher], list(beta_dach)[::-1], [1.0]
    )
    lam = np.array(folge)
    eta = (1 + lam[1:]) * gamma_dach
    assert (lam >= 0).all(), "alle λ müssen ≥ 0 sein"
    for t in range(1, len(gammas)):
        links = betas[t] * lam[t + 1]
        rechts = gammas[t - 1] * lam[t] / gammas[t] - betas[t]
        assert np.isclose(links, rechts), (t, links, rechts)
    return eta, lam
