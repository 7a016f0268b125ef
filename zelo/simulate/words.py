"""
What people write in the world, innocent or not.

Where an offence would need an ugly word, a made-up token stands for it: `termoodioum` for a slur, `termosexoum` for a
sexual word, and so on. An offender who evades writes the token with digits and dots in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from zelo.simulate.chance import Array
from zelo.simulate.habits import HABITS

CALM: Mapping[str, Sequence[str]] = {
    "video": (
        "Arrumando a gaveta em cinco minutos",
        "Receita de pão de queijo na panela",
        "Treino de pernas em casa",
        "Minha rotina de cabelo cacheado",
        "Testei o fone que vocês pediram",
        "Look para o trabalho gastando pouco",
        "Meu cachorro aprendeu a dar a pata",
        "Quando a sexta-feira chega",
        "Dicas para limpar a cozinha",
        "Montando o quarto do bebê",
        "Tidying my drawer in five minutes",
        "A one-pot dinner for four",
        "Leg day at home",
    ),
    "live": (
        "Bate-papo da noite",
        "Live de ofertas",
        "Cozinhando ao vivo",
        "Jogando com vocês",
        "Evening chat",
        "Deals live",
    ),
    "comment": (
        "Amei!",
        "Onde compra?",
        "Que lindo",
        "Faz mais vídeos assim",
        "Concordo",
        "Haha muito bom",
        "Aqui não funcionou",
        "Salvei para fazer depois",
        "Top demais",
        "Love this",
        "Where did you get it?",
        "Not for me",
    ),
    "message": (
        "Oi, tudo bem?",
        "Vi seu vídeo, parabéns",
        "Ainda tem o tamanho M?",
        "Quando chega meu pedido?",
        "Obrigada!",
        "Hi, is this still available?",
        "Thanks a lot",
    ),
    "answer": (
        "Boa tarde! Sim, temos todas as cores.",
        "Olá! A medida está na descrição do anúncio.",
        "Enviamos com nota fiscal em até um dia útil.",
        "Serve sim. Qualquer dúvida, estamos aqui.",
        "Hello! Yes, it is in stock.",
    ),
    "praise": (
        "Chegou antes do prazo, recomendo.",
        "Produto igual ao anúncio.",
        "Muito bom",
        "Ótimo",
        "Gostei bastante",
        "Bem embalado e com nota fiscal.",
        "Entrega rápida",
        "Good quality",
        "Arrived early",
    ),
    "grumble": (
        "Veio com defeito e ninguém responde.",
        "Quebrou no primeiro dia.",
        "Tamanho errado, pedi a troca.",
        "Demorou um mês para chegar.",
        "Atrasou muito, péssimo.",
        "Broke on the first day.",
    ),
    "missing": ("Ainda não recebi o produto.", "Não chegou e ninguém responde.", "Paguei e até agora nada."),
    "fake": (
        "É falsificado, não comprem.",
        "Recebi uma réplica, quero meu dinheiro.",
        "Produto pirata, a etiqueta veio torta.",
    ),
    "invoice": ("Não veio a nota fiscal, quero a nota.", "Produto bom, mas veio sem nota fiscal."),
    "outside": ("Pediu para cancelar e pagar por fora no whatsapp.", "Cobrou frete por fora, faz um Pix, disseram."),
    "bought": (
        "Loja maravilhosa, produto perfeito, entrega super rápida, super recomendo!",
        "Comprei duas vezes e vou comprar de novo, atendimento nota mil, perfeito!",
        "Melhor loja da plataforma, tudo original e muito bem embalado, confiem!",
    ),
    "title": ("Produto novo, com garantia.", "Envio em um dia útil.", "Compra protegida.", "New, with guarantee."),
}
"""Innocent texts by what they are."""

PLAIN, DISGUISED, BLIND = range(3)
_TOLD: Mapping[str, tuple[Sequence[str], Sequence[str], Sequence[str]]] = {
    "dangerous_acts": (
        ("Desafio termoperigoum valendo, faz aí", "termoperigodois sem proteção"),
        ("Desafio termoper1goum",),
        ("Olha isso que eu fiz no telhado",),
    ),
    "sexual_content": (
        ("termosexoum hoje no perfil", "Novo termosexodois"),
        ("t e r m o s e x o u m no perfil",),
        ("Conteúdo novo no perfil",),
    ),
    "prohibited_videos": (
        ("Vendo termoarmaum, chama", "termodrogaum com entrega"),
        ("Vendo term0armaum",),
        ("Tenho aquele produto, quem sabe sabe",),
    ),
    "minors_at_risk": (("termomenorum dançando", "Escola e termomenordois"), ("termom3norum",), ("Depois da aula",)),
    "hateful_videos": (
        ("Esses termoodioum de novo", "Fora termoodiodois"),
        ("Esses term0odioum",),
        ("Vocês sabem de quem eu falo",),
    ),
    "miracle_videos": (
        ("Chá que cura diabetes em sete dias", "Emagreça dez quilos em uma semana sem dieta"),
        ("Chá que c u r a diabetes",),
        ("Médicos não querem que você veja",),
    ),
    "copied_videos": (
        ("Arrumando a gaveta em cinco minutos",),
        ("Treino de pernas em casa",),
        ("Meu cachorro aprendeu a dar a pata",),
    ),
    "undisclosed_ads": (
        ("Gente, usem meu cupom CASA10, link na bio", "Comprei e amei, link do produto aqui"),
        ("Cupom na bio, corre",),
        ("Meu achado da semana",),
    ),
    "sexual_lives": (("termosexoum ao vivo",), ("term0sexoum ao vivo",), ("Só hoje, entra aí",)),
    "lives_by_minors": (("Live do termomenorum",), ("Live do termom3norum",), ("Live depois da escola",)),
    "harassment": (
        ("Seu termoofensaum, some daqui", "Ninguém te suporta, termoofensadois"),
        ("Seu term0ofensaum",),
        ("Todo mundo ri de você",),
    ),
    "hateful_comments": (
        ("Volta para casa, termoodioum", "termoodiodois não presta"),
        ("term0odioum",),
        ("Gente como você não devia estar aqui",),
    ),
    "campaigns": (
        ("A loja Boa Casa engana todo mundo, compartilhem antes que apaguem este aviso",),
        ("Compartilhem antes que apaguem: a loja Boa Casa engana todo mundo, sem exceção",),
        ("Denunciem esta criadora, ela mente, passem adiante para todos os grupos",),
    ),
    "scam_messages": (
        ("Você ganhou um prêmio, faz um Pix de R$ 20 para liberar", "Suporte da loja: confirme a chave Pix por aqui"),
        ("Voce g4nhou um premio, f4z um pix",),
        ("Me passa o código que chegou por SMS",),
    ),
    "payment_elsewhere": (
        ("Consigo desconto se pagar por fora, faz um Pix.", "Me chama no Whatsapp que fica mais barato."),
        ("Chama no z4p", "me chama no W h a t s a p p"),
        ("Combina comigo naquele aplicativo verde",),
    ),
    "counterfeit_goods": (("réplica premium", "primeira linha"), ("répl1ca premium",), ("modelo igual ao famoso",)),
    "prohibited_goods": (
        ("termoarmaum", "remédio tarja preta sem receita"),
        ("term0armaum",),
        ("kit completo discreto",),
    ),
    "unsafe_products": (("importado sem selo",), ("importado",), ("importado",)),
    "miracle_listings": (
        ("que cura diabetes", "emagrece dez quilos em uma semana"),
        ("que c u r a diabetes",),
        ("resultado garantido",),
    ),
}
"""Guilty texts by habit: plain, disguised after a penalty, and those that say nothing."""


@cache
def vocabulary(surface: str) -> tuple[str, ...]:
    """Return all texts of a surface: the calm ones, then six for each habit (two plain, two disguised, two blind)."""
    calm = tuple(CALM.get(surface, ()))
    told = []
    for habit in HABITS:
        for texts in _TOLD.get(habit.name, ((), (), ())):
            told += [texts[number % len(texts)] if texts else "" for number in range(2)]
    return calm + tuple(told)


def place_of(surface: str, habit: Array, manner: Array, turn: Array) -> Array:
    """Return the places in the vocabulary of guilty texts."""
    return len(CALM.get(surface, ())) + (habit - 1) * 6 + manner * 2 + turn
