"""Right answers to Problem 3 as students of the course write them, in three languages."""

import math

import numpy as np

from ..hidden.answers import right, right_cell

# --- Derivatives ----------------------------------------------------------------------------------


@right_cell("p3a-gradients")
def ableitungen_mit_fallunterscheidung():
    def gradient_v(v, W, x, n):
        m = len(v)
        ergebnis = np.zeros(m)
        for r in range(m):
            z = np.dot(W[r, :], x)
            if z >= 0:
                ergebnis[r] = z**n
        return ergebnis / np.sqrt(m)

    def gradient_W(v, W, x, n):
        m, d = W.shape
        ergebnis = np.zeros((m, d), order="F")
        for r in range(m):
            z = np.dot(W[r, :], x)
            if n == 0 or z < 0:
                continue  # Ableitung ist null
            for k in range(d):
                ergebnis[r, k] = 1 / np.sqrt(m) * v[r] * n * z ** (n - 1) * x[k]
        assert ergebnis.shape == W.shape
        return ergebnis

    return {"gradient_v": gradient_v, "gradient_W": gradient_W}


@right_cell("p3a-gradients")
def avec_des_masques():
    def gradient_v(v, W, x, n):
        z = W.dot(x)
        masque = (z >= 0).astype(float)
        return list(masque * np.abs(z) ** n / math.sqrt(z.size))

    def gradient_W(v, W, x, n):
        z = W.dot(x)
        masque = z >= 0
        sigma_prime = np.zeros(len(z), dtype=np.float32)
        if n > 0:
            sigma_prime[masque] = n * z[masque] ** (n - 1)
        return np.outer(np.multiply(v, sigma_prime), x) / math.sqrt(z.size)

    return {"gradient_v": gradient_v, "gradient_W": gradient_W}


@right_cell("p3a-gradients")
def one_function_for_both():
    def both(v, W, x, n):
        z, root = np.matmul(W, x), float(len(v)) ** -0.5
        value = np.heaviside(z, 1.0) * z**n
        slope = n * np.heaviside(z, 0.0) * z ** max(n - 1, 0)
        return root * value, np.array([root * v[r] * slope[r] * x for r in range(len(v))])

    def gradient_v(v, W, x, n):
        return both(v, W, x, n)[0]

    def gradient_W(v, W, x, n):
        return both(v, W, x, n)[1]

    return {"gradient_v": gradient_v, "gradient_W": gradient_W}


# --- The kernel at finite width -------------------------------------------------------------------


@right("p3b-kernel")
def zwei_summanden_getrennt(v, W, X, n):
    N = X.shape[0]
    H_v, H_W = np.zeros((N, N)), np.zeros((N, N))
    for i in range(N):
        print(f"Zeile {i + 1} von {N}")
        for j in range(N):
            H_v[i, j] = np.dot(gradient_v(v, W, X[i], n), gradient_v(v, W, X[j], n))  # noqa: F821
            produkt = np.asarray(gradient_W(v, W, X[i], n)).T @ gradient_W(v, W, X[j], n)  # noqa: F821
            H_W[i, j] = np.trace(produkt)
    H = H_v + H_W
    assert np.allclose(H, H.T)
    return H


@right("p3b-kernel")
def neurones_par_paquets(v, W, X, n):
    m, paquet = len(v), 3
    H = np.zeros((len(X), len(X)))
    G = X @ X.T
    for debut in range(0, m, paquet):
        Z = X @ W[debut : debut + paquet].T
        positif = Z >= 0
        A = np.where(positif, np.abs(Z) ** n, 0.0)
        B = np.zeros_like(Z) if n == 0 else np.where(positif, n * np.abs(Z) ** (n - 1), 0.0)
        B = B * v[debut : debut + paquet][None, :]
        H = H + A @ A.T / m + G * (B @ B.T) / m
    return np.asfortranarray(H, dtype=np.float32)


@right("p3b-kernel")
def all_jacobians_in_one_tensor(v, W, X, n):
    Jv = np.stack([activation(W @ x, n) for x in X])  # noqa: F821 - given
    slopes = np.stack([v * activation_derivative(W @ x, n) for x in X])  # noqa: F821 - given
    JW = slopes[:, :, None] * X[:, None, :]  # (N, m, d)
    K = np.tensordot(Jv, Jv, axes=(1, 1)) + np.tensordot(JW, JW, axes=([1, 2], [1, 2]))
    return (K / W.shape[0]).tolist()


# --- The limit ------------------------------------------------------------------------------------


def winkel_mit_schleife(x, y):
    c = np.dot(x, y)
    if c > 1:  # Rundungsfehler
        c = 1.0
    if c < -1:
        c = -1.0
    return math.acos(c)


@right("p3c-relu")
@right("p3c-squared")
def winkel_fuer_jedes_paar(X, n):
    N = len(X)
    H = np.zeros((N, N))
    for i in range(N):
        for j in range(i, N):
            theta = winkel_mit_schleife(X[i], X[j])
            s, c, rest = math.sin(theta), math.cos(theta), math.pi - theta
            if n == 1:
                H[i, j] = (s + rest * c) / (2 * math.pi) + c * rest / (2 * math.pi)
            elif n == 2:
                erster = 3 * s * c + rest * (1 + 2 * c**2)
                zweiter = 4 * (s + rest * c)  # σ' = 2z, also Faktor 2² = 4
                H[i, j] = (erster + c * zweiter) / (2 * math.pi)
            else:
                raise ValueError("nur n = 1 und n = 2")
            H[j, i] = H[i, j]
    return H


@right("p3c-relu")
@right("p3c-squared")
def cosinus_arrondi(X, n):
    cosinus = np.round(X @ X.T, 12)  # sinon arccos donne nan sur la diagonale
    theta = np.arccos(cosinus)
    complement = np.pi - theta
    if n == 1:
        noyau = np.sin(theta) + 2 * cosinus * complement
    if n == 2:
        noyau = 3.5 * np.sin(2 * theta) + complement + 6 * complement * cosinus**2
    return np.array(noyau / (2 * np.pi), order="F")


@right("p3c-relu")
@right("p3c-squared")
def integral_by_trapezoids(X, n):
    C = np.minimum(1, np.maximum(-1, np.dot(X, X.T)))
    H = np.zeros(C.shape)
    for index, c in np.ndenumerate(C):
        theta = np.arccos(c)
        alpha = np.linspace(0, np.pi - theta, 801)
        h = (np.pi - theta) / 800
        J = []
        for k in (n, n - 1):
            f = np.power(np.cos(alpha) + c, k)
            J.append(math.factorial(k) * h * (f.sum() - (f[0] + f[-1]) / 2))
        H[index] = (J[0] + n**2 * c * J[1]) / (2 * np.pi)
    return H


@right("p3c-relu")
@right("p3c-squared")
def komplexe_zahlen_fuer_den_winkel(X, n):
    kos = np.clip(np.inner(X, X), -1.0, 1.0)
    punkte = kos + 1j * np.sqrt(1 - kos**2)
    theta, sinus = np.angle(punkte), punkte.imag
    bogen = {  # E[σσ] und E[σ'σ'] mal 2π, nach Cho und Saul
        0: np.pi - theta,
        1: sinus + (np.pi - theta) * kos,
        2: 3 * sinus * kos + (np.pi - theta) * (1 + 2 * kos**2),
    }
    ergebnis = (bogen[n] + n * n * kos * bogen[n - 1]) / (2 * np.pi)
    return [list(map(float, zeile)) for zeile in ergebnis]
