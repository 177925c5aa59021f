package lang

// chineseTopics has the long texts of the help.
var chineseTopics = map[string]string{
	"tally holds, splits and passes on receivable vouchers, and takes payment for them.\n\nIt trusts no node: whatever it shows was proven against headers that more than two thirds of the\nnetwork's validators signed and a second node confirmed. It asks before it signs, in plain words.\n\nBegin with 'tally join INVITATION' if a customer or bank has invited you, or with 'tally init --help'.\n'tally help exit-codes', 'tally help json' and 'tally help files' say more.": `tally 用于持有、拆分、转让应收账款电子凭证，并收取兑付款。

它不轻信任何节点：所显示的一切均已依据区块头证明，该区块头由网络三分之二以上的验证者签名，并经第二个
节点确认。签名之前，它会用平实语言说明内容并征求您的确认。

如有客户或银行邀请您，请从 'tally join 邀请函' 开始；否则请看 'tally init --help'。
更多说明：'tally help exit-codes'、'tally help json'、'tally help files'。`,
	"accept takes vouchers that wait for your acceptance ('tally pending') and parts that are on offer to you\n('tally offers'), all or none. With --invoice it compares your copy of each invoice with what the voucher\nrests on, and refuses where one does not fit. Where an invoice looks like one that is known under another\nnumber, you are told, and go on only by naming that flag.": `accept 签收待您签收的凭证（'tally pending'）和转让给您的份额（'tally offers'），全部签收或全部不签收。
使用 --invoice 时，将您手中的发票与凭证所依据的逐张核对，不符即拒绝。如有发票与另一号码的已知发票
疑似重复，会提示您；只有指明该提示才能继续。`,
	"A wallet that had no contact for more than 14 days cannot tell the chain from another that former validators\nmade up. It goes on from a checkpoint: a header that two members vouch for, whose keys it knew before.\n\n  one member     tally checkpoint make --out point.json\n  that member    tally checkpoint sign point.json\n  a second one   tally checkpoint sign point.json\n  the wallet     tally checkpoint use point.json": `超过 14 天未联网的钱包，无法区分真正的链与由前任验证者伪造的链。它须从检查点继续：即由两个成员证明、
且其密钥为钱包此前已知的区块头。

  一个成员       tally checkpoint make --out point.json
  该成员         tally checkpoint sign point.json
  另一个成员     tally checkpoint sign point.json
  钱包           tally checkpoint use point.json`,
	"Exit codes:\n\n   0  done\n   1  the chain refused: the rule and what to do are in the message\n   2  the command line, or a file that was given, is wrong\n   3  a proof failed: the node lies, leaves something out, or answers from the past; use another node\n   4  no node, or no witness, can be reached\n   5  it is not known yet whether the transaction ran: 'tally status' finds out; do not send it again\n   6  nothing that this account sees has this name or id\n   7  the wallet: none in the folder, the passphrase or PIN does not fit, its token is not there, or a file is\n      damaged\n   8  not confirmed: you said no, or nobody was there to ask (--yes signs without asking)\n   9  more than 14 days without contact: a checkpoint is needed ('tally checkpoint --help')\n  10  the transaction expired without having run: nothing has happened, and it may be sent anew\n  11  the document is not the one that the voucher rests on: do not accept; keep both as evidence\n  70  anything else": `退出码：

   0  完成
   1  被链拒绝：规则和处理办法见提示
   2  命令行或所给文件有误
   3  证明失败：节点作假、有遗漏，或答复过时；请改用其他节点
   4  无法连接节点或见证节点
   5  尚不清楚交易是否已执行：'tally status' 可查明；请勿重复发送
   6  本账户可见范围内没有该名称或编号
   7  钱包：文件夹中没有钱包、口令或 PIN 不符、令牌不在，或文件已损坏
   8  未确认：您拒绝了，或无人可以询问（--yes 表示不经询问直接签名）
   9  超过 14 天未联网：需要检查点（'tally checkpoint --help'）
  10  交易已过期且从未执行：未发生任何变动，可以重新发送
  11  文件不是凭证所依据的文件：请勿签收，并将两份文件留作证据
  70  其他`,
	"The wallet's folder (--home, TALLY_HOME, else ~/.tally) has:\n\n  key.json          the key, encrypted with your passphrase (Web3 Secret Storage, version 3); not there where\n                    the key is in a token\n  profile.json      chain, nodes with their pins, the header that the wallet began from, your account, your names,\n                    and the consortium's key of invoice fingerprints, which is for members alone\n  chain/            the newest trusted header, and who may confirm a checkpoint\n  tickets/          transactions whose outcome is not known yet\n  runs/             which rows each issue run was begun with, so that an altered table is noticed\n  names-seen.json   whose accounts were seen; a hint that is proven again whenever it is used\n  checkpoint.json   after 'tally checkpoint use'\n\nKeep the 24 words on paper and key.json with its passphrase apart. Everything else can be made again.": `钱包文件夹（--home、TALLY_HOME，否则为 ~/.tally）包含：

  key.json          以您的口令加密的密钥（Web3 Secret Storage，版本 3）；密钥在令牌中时没有该文件
  profile.json      链、节点及其公钥指纹、钱包起始的区块头、您的账户、通讯录、显示语言（"lang"），
                    以及仅供成员使用的联盟发票指纹密钥
  chain/            最新的可信区块头，以及可确认检查点的成员
  tickets/          结果尚不清楚的交易
  runs/             每个开立批次开始时的各行，以便发现被改动的表格
  names-seen.json   见过的账户所属；仅为线索，每次使用都会重新证明
  checkpoint.json   运行 'tally checkpoint use' 之后才有

请将抄写在纸上的 24 个助记词与 key.json 及其口令分开保管。其余均可重新生成。`,
	"init makes a wallet in a folder for an account that is there already. Who was invited uses 'tally join'.\n\nYour network's network.json, which a member gives you, says what it needs: nodes with their pins, confirmers, and a\nheader to trust, or the SHA-256 of the genesis file that you then give too. --via names the member whose node you use.\n\nWithout it you name all of that. The wallet reads from one node and has another member's node confirm its headers. Each\nis known by the pin of its key, which its operator tells you ('tallyd init' prints it). The chain is known by its\ngenesis file, or by the height and hash of a header that a member tells you: compare it over another way than the node.\n\nYour key is in key.json, or in a PKCS#11 token that --token-module, --token-label and --key-label name; the PIN is\nasked for, or read from --passphrase-file, and is never kept in the wallet.\n\nFor a development network, --devnet and --role take everything from the network's folder.": `init 为已有账户在文件夹中建立钱包。收到邀请的请使用 'tally join'。

由成员提供的 network.json 载有所需的一切：节点及其公钥指纹、确认方，以及可信的区块头，或创世文件的
SHA-256（此时须同时给出创世文件）。--via 指定使用哪个成员的节点。

没有该文件时，须逐项填写。钱包从一个节点读取，并由另一成员的节点确认其区块头。节点以其公钥指纹识别，由其
运营方告知（'tallyd init' 会显示）。链以创世文件识别，或以成员告知的某一高度及其区块头哈希识别：请通过
节点以外的途径核对。

您的密钥在 key.json 中，或在 --token-module、--token-label 和 --key-label 所指的 PKCS#11 令牌中；PIN
会询问，或从 --passphrase-file 读取，绝不保存在钱包中。

对于开发网络，--devnet 和 --role 从网络文件夹取得一切。`,
	"invite admits a supplier on your quota and writes an invitation file. Give it to the supplier over a way that\nonly it reads: who has the file can join in its place until it has joined. The file also has the consortium's\nkey of invoice fingerprints.": `invite 在您的配额内准入一家供应商，并写出邀请函文件。请通过只有该供应商能读到的途径交付：在其加入之前，
持有该文件者可以冒名加入。文件中还含有联盟的发票指纹密钥。`,
	"issue makes one voucher for each invoice: a promise to pay its whole amount on one day. It counts once the\ncreditor has accepted it. Invoices are UBL 2.1 files and stay with you: the chain gets keyed hashes of them.\nThe due day is the invoice's where --due is not given.\n\nWith --csv it issues a whole table of invoices: all rows are checked before anything is sent, one question is\nasked for all, and what was issued stands row by row in a table of results. After a cut, the same command under\nthe same --run goes on where it stopped and issues nothing twice; a table that was altered meanwhile is refused.\nThe columns, in any order, named in the first line, UTF-8:\n\n  number, issue_date, seller, currency, amount      as on the invoice; amount is what is to be paid, as 1234.56\n  seller_tax_id, seller_id                          as on the invoice, where it has them\n  buyer, buyer_tax_id, buyer_id                     as on the invoice; without, your legal name and number\n  due_date, delivered                               2026-05-31; --due and --delivered hold for rows without\n  creditor                                          an account or member; without, the seller's\n  contract, bank_review                             a file or SHA-256; --contract and --bank-review hold for rows without": `issue 为每张发票开立一张凭证：承诺在某一日支付全部金额。债权人签收后生效。发票为 UBL 2.1 文件，
留存在您手中：链上只有带密钥的哈希。未填写 --due 时，以发票上的付款日为到期日。

使用 --csv 时，凭整张发票表格批量开立：发送前先检查全部各行，一次确认，开立结果逐行写入结果表格。中断后，
以同一 --run 重新运行同一命令即从中断处继续，不会重复开立；其间被改动的表格会被拒绝。
各列顺序不限，首行为列名，UTF-8 编码：

  number, issue_date, seller, currency, amount      与发票一致；amount 为应付金额，如 1234.56
  seller_tax_id, seller_id                          与发票一致，发票上有则填写
  buyer, buyer_tax_id, buyer_id                     与发票一致；不填写则为您的法定名称和代码
  due_date, delivered                               2026-05-31；未填写的行以 --due 和 --delivered 为准
  creditor                                          账户或成员；不填写则为销售方
  contract, bank_review                             文件或 SHA-256；未填写的行以 --contract 和 --bank-review 为准`,
	"join makes a key of your own, shows you the 24 words that restore it, and puts it in the place of the\ninvitation's one-time key. From then on only you sign for your account. A key that 'tally keys new' or\n'tally keys import' put into the wallet's folder is used instead. It is safe to run it again.\n\nWith --token-module, --token-label and --key-label the key is one that a PKCS#11 token has: 'tally keys new' with the\nsame flags makes it there.": `join 生成您自己的密钥，显示可恢复它的 24 个助记词，并以它取代邀请函中的一次性密钥。此后只有您能为您的
账户签名。如钱包文件夹中已有由 'tally keys new' 或 'tally keys import' 生成的密钥，则使用该密钥。
可以放心重复运行。

使用 --token-module、--token-label 和 --key-label 时，密钥在 PKCS#11 令牌中：以同样的选项运行
'tally keys new' 即可在令牌中生成。`,
	"A wallet's key is in an encrypted file, from which 24 words restore it, or in a PKCS#11 token, which never gives it away.\n\nKinds are secp256k1, p256 and sm2 (SM2 with SM3, GB/T 32918). The same words give another key of each kind: note the kind\nbeside them. A token has p256 or secp256k1 keys; it needs a tally that was built with '-tags pkcs11', and its PIN is asked\nfor, or read from --passphrase-file.": `钱包的密钥在加密文件中，可由 24 个助记词恢复；或在 PKCS#11 令牌中，令牌绝不导出密钥。

密钥种类有 secp256k1、p256 和 sm2（SM2 与 SM3，GB/T 32918）。同一组助记词对每个种类给出不同的密钥：
请在助记词旁注明种类。令牌中为 p256 或 secp256k1 密钥；须使用以 '-tags pkcs11' 编译的 tally，其 PIN 会
询问，或从 --passphrase-file 读取。`,
	"import restores the key m/44'/60'/0'/0/INDEX of 12 to 24 words [BIP-39], as other wallets do: secp256k1 by BIP-44,\np256 by SLIP-10, sm2 by the rules of SLIP-10 under the salt \"SM2 seed\".": `import 由 12 至 24 个助记词 [BIP-39] 恢复密钥 m/44'/60'/0'/0/INDEX，与其他钱包相同：secp256k1 按
BIP-44，p256 按 SLIP-10，sm2 按 SLIP-10 的规则并以 "SM2 seed" 为盐。`,
	"merge makes one part of parts that you hold of one voucher, that lie one after the other in it, that are not on\noffer and not frozen, and that the same accounts passed on with recourse. Splits that were used stay used.": `merge 将您持有的同一凭证的几笔份额合并为一笔：它们须前后相连、不在转让中、未被冻结，且带追索权的
背书人相同。已使用的拆分次数不恢复。`,
	"pay moves deposits to all who hold parts of the voucher, each its share, in one step. With --amount it pays\nin part. The voucher must be due, and you need so much deposited at the bank ('tally deposits').": `pay 将存款一次性付给该凭证的全体份额持有人，按各自份额分配。使用 --amount 时为部分付款。凭证须已到期，
且您在该银行须有足够的存款（'tally deposits'）。`,
	"send offers parts that you hold to a receiver, who accepts, rejects or lets the offer lapse. With --amount a\nsingle part is divided: so much goes, the rest stays yours. Every passing on names the trade it is for: a\ncontract or order, or an invoice whose amount is then used for it.": `send 将您持有的份额转让给接收方，由其签收、拒收或任其过期。使用 --amount 时拆分单笔份额：转让该金额，
其余仍归您所有。每次转让均须注明贸易背景：合同或订单，或以其金额为据的发票。`,
	"split divides a part into pieces of the given amounts, from its low end; what is left over is the last piece.": `split 从份额的低端起，按所给金额拆分；余下的为最后一笔。`,
	"With a standing acceptance parts come to you without your being asked, where an account that you name has\nchecked the documents behind them. Without a subcommand, standing shows the one that you left.": `设立自动签收授权后，凡文件已由您指定的账户审核的份额，不再逐笔询问即归您所有。不带子命令时，显示您
已设立的授权。`,
	"statement shows, for each kind of voucher and each bank's deposits, in each currency, what you had when the\nperiod began, everything that moved, and what you had when it ended. Every movement was proven, and none can\nbe left out: they are chained from the account's proven totals back to the period.\n\nDays are the chain's. Without --from it is this month's first, without --to today.\ncsv is RFC 4180 with a row of heads; camt053 is ISO 20022 camt.053.001.08, an account statement for each line of\nthe summary; pdf is for people.": `statement 按各类凭证、各银行存款和币种，列出期初余额、本期全部变动和期末余额。每笔变动均已证明，且无法
遗漏：各笔变动由账户经证明的合计逐条链接，一直回溯到该期间。

日期以链上日期为准。不填写 --from 则为本月首日，不填写 --to 则为今日。
csv 为带表头的 RFC 4180；camt053 为 ISO 20022 camt.053.001.08，汇总的每一行为一份账户对账单；pdf 供人阅读。`,
	"watch tells of offers, acceptances, rejections, lapses, payments, freezes, changes of the account, and of vouchers\nthat fall due today or in as many days as --days says. It keeps its place in the wallet's folder: stopped and\nstarted again, it goes on where it was. The first time it begins now.\n\nWith --output json each notice is one line. With --webhook each is posted to an https URL instead, signed with\nHMAC-SHA256 by the secret in --webhook-secret-file (at least 16 bytes); a notice that was not taken is posted again.": `watch 告知转让、签收、拒收、过期、付款、冻结、账户变更，以及今日到期或在 --days 所列天数内到期的凭证。进度
保存在钱包文件夹中：停止后再次启动，即从原处继续。首次运行自现在开始。

使用 --output json 时，每条通知一行。使用 --webhook 时，改为推送到 https 地址，以 --webhook-secret-file
中的密钥（至少 16 字节）按 HMAC-SHA256 签名；对方未接收的通知会再次推送。`,
	"An account of several keys needs so many of them for each transaction. One person builds it, each signs a copy\nof the file on a machine of their own, which needs no network, and one sends it:\n\n  tally tx build pay.tx --lifetime 5d -- send 3fa2 --to Yuhe --amount 400000.00 --contract order.pdf\n  tally tx show pay.tx                    # what it does, who has signed, who has not\n  tally tx sign pay.tx                    # each on a copy, in any order\n  tally tx combine all.tx pay.tx pay2.tx\n  tally tx send all.tx": `多密钥账户的每笔交易须由其中若干把密钥签名。由一人生成，各签名人在各自无需联网的机器上对文件副本签名，
再由一人发送：

  tally tx build pay.tx --lifetime 5d -- send 3fa2 --to Yuhe --amount 400000.00 --contract order.pdf
  tally tx show pay.tx                    # 查看内容、已签名人和未签名人
  tally tx sign pay.tx                    # 各自在副本上签名，顺序不限
  tally tx combine all.tx pay.tx pay2.tx
  tally tx send all.tx`,
	"build runs a command of this tool up to the point where it would ask, and writes the transaction to FILE.\nWith --call it takes the calls from a JSON file instead, for any method of the chain:\n\n  {\"calls\": [{\"as\": ACCOUNT, \"method\": \"members.SetPolicy\", \"message\": {\"account\": HEX, \"policy\": {…}}}]}\n\n\"as\" is left out for this wallet's account. Fields are named as in the chain's .proto files, bytes are in hex.\nA transaction can run for 3 days where nothing else is said, at most 7; for an account of one key 5 minutes,\nat most 10.": `build 运行本工具的某一命令直到将要询问之处，并将交易写入 FILE。使用 --call 时，改从 JSON 文件读取调用，
可用于链上任一方法：

  {"calls": [{"as": ACCOUNT, "method": "members.SetPolicy", "message": {"account": HEX, "policy": {…}}}]}

本钱包的账户可省略 "as"。字段名与链的 .proto 文件一致，字节以十六进制书写。
交易的有效时长默认为 3 天，最长 7 天；单密钥账户默认 5 分钟，最长 10 分钟。`,
	"combine merges the signatures of copies of one transaction; files of different transactions are refused. It needs\nno network. OUT must not be there yet, unless it is one of the copies.": `combine 合并同一交易各副本的签名；不同交易的文件会被拒绝。无需联网。OUT 不得已存在，除非它是副本之一。`,
	"send checks every signature, and by proof that enough of the account's keys have signed, sends the transaction and\nproves what became of it. Signatures that belong to no account in it are left out. After a lost answer run it\nagain: it finds out first whether the transaction ran, and a copy never runs twice.": `send 检查每个签名，并证明账户的签名密钥已达所需数量，然后发送交易并证明其结果。不属于其中任何账户的签名
会被去掉。未收到答复时请再次运行：它先查明交易是否已执行，同一交易绝不执行两次。`,
	"show decodes the transaction from the bytes that are signed. With a network it adds, proven, what that means\nand who has signed and who has not; without, it says what it cannot know.": `show 由所签名的字节解码交易。联网时，另显示经证明的含义、已签名人和未签名人；未联网时，说明无法得知的内容。`,
	"sign shows what is signed, decoded from the bytes themselves, asks, and adds this wallet's signature to the file.\nIt needs no network and no profile, only the key. With a network it shows, proven, what the bytes mean, and\nrefuses a key that is none of the account's.": `sign 显示由字节本身解码的签名内容，征求确认，并将本钱包的签名写入文件。只需密钥，无需联网，也无需配置。
联网时，另显示经证明的含义，并拒绝不属于该账户的密钥。`,
	"Write the manual pages of all commands into a folder, which is made if it is not there. To read\nthem: man -l FOLDER/tally.1; to install them: copy them to /usr/local/share/man/man1.": `将全部命令的手册页写入文件夹，文件夹不存在则新建。阅读：man -l FOLDER/tally.1；安装：复制到
/usr/local/share/man/man1。`,
}
